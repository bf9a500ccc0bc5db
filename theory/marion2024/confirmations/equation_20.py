"""left is L |dl/dZ_2 - dl/dZ_1|; right is (20) with its indices: |d2f(h_1)| |p_1 - p_0| + |p_0| |d2f(h_1) - d2f(h_0)|."""

x, y, Z, L = 1, 1, (0, -2), 2  # f(h, z) = h z, A = B = 1
h = [x]
for z in Z:
    h.append(h[-1] + h[-1] * z / L)
p = [2 * (h[-1] - y)]
for z in reversed(Z):
    p.insert(0, p[0] + p[0] * z / L)
e = 0.5
loss = [
    [(x * (1 + (Z[0] + a) / L) * (1 + (Z[1] + b) / L) - y) ** 2 for a, b in at] for at in (((e, 0), (-e, 0)), ((0, e), (0, -e)))
]
speeds = [L * (up - down) / (2 * e) for up, down in loss]  # L dl/dZ_k: the loss is a parabola in each weight
print("left ", abs(speeds[1] - speeds[0]))
print("right", abs(h[1]) * abs(p[1] - p[0]) + abs(p[0]) * abs(h[1] - h[0]))
