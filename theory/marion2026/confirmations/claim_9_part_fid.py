"""FID of Gaussians on a line; left is |FID(N(2,1), N(0,1)) - FID(N(2,1), N(1,1))|, right is FID(N(0,1), N(1,1))."""

gaussians = {"samples": (2, 1), "train": (0, 1), "test": (1, 1)}
fid = {
    (a, b): (gaussians[a][0] - gaussians[b][0]) ** 2 + (gaussians[a][1] - gaussians[b][1]) ** 2
    for a in gaussians
    for b in gaussians
}
print("left ", abs(fid["samples", "train"] - fid["samples", "test"]))
print("right", fid["train", "test"])
