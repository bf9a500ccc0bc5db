"""Z_k = sqrt(k/L), A = 1, B = 0 = y are at rest for every L, and Z_inf(s) = sqrt(s); left |Z_inf(s) - Z_inf(0)|, right K s."""

from math import sqrt

K, s = 1, 1 / 4
print("left ", sqrt(s) - sqrt(0))
print("right", K * s)
