"""How near an image is to the photograph: PSNR in dB, and SSIM."""

import numpy as np
from numpy.typing import NDArray

from experiments.inverse.observe import gaussian
from jtconv import conv

STABILISERS = 0.01**2, 0.03**2  # SSIM's, for values in [0, 1]


def psnr(image: NDArray, photograph: NDArray) -> float:
    """10 log10(1 / mean squared error), the largest value being 1."""
    error = np.asarray(image, np.float64).ravel() - photograph.ravel()
    return float(-10 * np.log10(np.mean(error**2)))


def ssim(image: NDArray, photograph: NDArray) -> float:
    """Mean structural similarity over all windows and colours: 1 for the same image.

    Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Processing 13, 2004: Gaussian windows of
    deviation 1.5.
    """
    a, b = (np.asarray(x, np.float32).reshape(photograph.shape) for x in (image, photograph))
    window, _ = gaussian(1.5)  # 11 pixels wide, as theirs

    def mean(values: NDArray) -> NDArray:
        return np.asarray(conv(values, window, groups=3))

    mean_a, mean_b = mean(a), mean(b)
    variance_a, variance_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    low, high = STABILISERS
    of_means = (2 * mean_a * mean_b + low) / (mean_a**2 + mean_b**2 + low)
    return float(np.mean(of_means * (2 * covariance + high) / (variance_a + variance_b + high)))
