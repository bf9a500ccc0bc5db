"""Marion, Wu, Sander, Biau: Implicit regularization of deep residual networks towards neural ODEs.

ICLR 2024, arXiv 2309.01213; numbering and constants of v3.
"""
