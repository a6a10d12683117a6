"""Distance of an image from the photograph: PSNR in dB, and SSIM. Values are in [0, 1]."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def psnr(image: NDArray, photograph: NDArray) -> float:
    """10 log10(1 / mean squared error), the largest value being 1."""
    truth = np.asarray(photograph, np.float64)
    return float(peak_signal_noise_ratio(truth, np.asarray(image, np.float64).reshape(truth.shape), data_range=1))


def ssim(image: NDArray, photograph: NDArray) -> float:
    """Mean structural similarity over all windows and colours of (h, w, channels): 1 for the same image.

    Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Processing 13, 2004: Gaussian windows of
    deviation 1.5.
    """
    truth = np.asarray(photograph, np.float64)
    other = np.asarray(image, np.float64).reshape(truth.shape)
    theirs: Any = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    mean: Any = structural_similarity(truth, other, data_range=1, channel_axis=-1, **theirs)
    return float(mean)
