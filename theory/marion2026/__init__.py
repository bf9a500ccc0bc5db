"""Marion, Wu: Understanding diffusion models requires rethinking (again) generalization.

2026, arXiv 2605.06077. The paper numbers no statement: the claims are numbered here, C1 to C13 as claim-1 to claim-13.
"""
