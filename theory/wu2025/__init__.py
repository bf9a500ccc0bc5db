"""Wu, Marion, Biau, Boyer: Taking a Big Step: Large Learning Rates in Denoising Score Matching Prevent Memorization.

COLT 2025, arXiv 2502.03435; numbering and constants of v1.
"""
