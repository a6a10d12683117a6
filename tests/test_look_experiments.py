"""The experiments of seconds: the articles' results, and what loops in NumPy give."""

import importlib
from xml.etree import ElementTree

import jax.numpy as jnp
import numpy as np
import pytest
from fcn_helpers import quick_float32
from numpy.testing import assert_array_equal

from experiments.by_hand.work import Config as ByHand
from experiments.by_hand.work import work
from experiments.checkerboards import run as checkerboards
from experiments.checkerboards.__main__ import table
from experiments.checkerboards.cures import CURES
from experiments.checkerboards.data import Config as Checkerboards
from experiments.checkerboards.data import smaller
from experiments.checkerboards.measures import excess, spectrum, unevenness
from experiments.checkerboards.picture import draw_picture
from experiments.colours.glass import SETTINGS, through_glass
from experiments.gradient.columns import Config as Gradient
from experiments.gradient.columns import columns
from experiments.sizes.arithmetic import EXAMPLES, same
from experiments.upsampling.equal import compare, merged, rearranged
from experiments.upsampling.layers import learned_layers, pixel_shuffle
from experiments.upsampling.reach import reach, targets
from experiments.upsampling.search import look_for


@pytest.fixture(autouse=True)
def _single_precision():
    """Users run them without x64."""
    with quick_float32():
        yield


# --- the frame -------------------------------------------------------------------------------


def command(name):
    return importlib.import_module(f"experiments.{name}.__main__").main


def test_a_run_prints_its_table_and_leaves_its_files(tmp_path, capsys):
    small = ["--input-size", "1", "2", "--kernel-size", "1", "2"]
    assert command("by_hand")([*small, "--out", str(tmp_path / "out")]) == 0
    assert "the same: yes" in capsys.readouterr().out
    assert (tmp_path / "out" / "by_hand.png").read_bytes().startswith(b"\x89PNG")
    svg = (tmp_path / "out" / "steps.svg").read_text()
    ElementTree.fromstring(svg)
    for number in range(2):  # each frame is seen in its turn
        assert f'<g id="step-{number}">' in svg
        assert f"#step-{number} {{ animation: turn" in svg


def test_a_folder_that_cannot_hold_results_is_refused(tmp_path, capsys):
    (tmp_path / "out").write_text("in the way")
    assert command("by_hand")(["--out", str(tmp_path / "out")]) == 2
    assert "choose another --out" in capsys.readouterr().err


WRONG = [
    ("by_hand", "padding", "2 0"),
    ("by_hand", "input-size", "4 1"),
    ("by_hand", "strides", "0 1"),
    ("gradient", "input-size", "9 9"),
    ("gradient", "strides", "0 1"),
    ("upsampling", "scale", "1"),
    ("upsampling", "seconds", "nan"),
    ("checkerboards", "steps", "0"),
    ("checkerboards", "learning-rate", "nan"),
]


@pytest.mark.parametrize(("name", "setting", "values"), WRONG)
def test_a_setting_out_of_bounds_is_named(tmp_path, capsys, name, setting, values):
    assert command(name)([f"--{setting}", *values.split(), "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"`{setting.replace('-', '_')}` must be ")
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


# --- by hand ---------------------------------------------------------------------------------


def placed_and_added(y, kernel, strides, padding):
    """The whole result by loops, then cropped."""
    full = np.zeros([s * (i - 1) + k for i, k, s in zip(y.shape, kernel.shape, strides, strict=True)])
    for row, column in np.ndindex(y.shape):
        for t, u in np.ndindex(kernel.shape):
            full[strides[0] * row + t, strides[1] * column + u] += y[row, column] * kernel[t, u]
    return full[padding[0] : full.shape[0] - padding[0], padding[1] : full.shape[1] - padding[1]]


def test_the_article_by_hand():
    done = work(ByHand())
    assert_array_equal(done.y, [[0, 1], [2, 3]])
    assert_array_equal(done.result, [[0, 0, 1], [0, 4, 6], [4, 12, 9]])
    assert_array_equal(done.steps[2].total, [[0, 0, 1], [0, 4, 3], [4, 6, 0]])
    assert_array_equal(done.inserted, [[0, 0, 0, 0], [0, 0, 1, 0], [0, 2, 3, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize("padding", [(0, 0), (1, 0)])
def test_every_way_is_what_loops_give(padding):
    config = ByHand(input_size=(2, 3), kernel_size=(3, 2), strides=(2, 3), padding=padding)
    done = work(config)
    expected = placed_and_added(done.y, done.kernel, config.strides, padding)
    assert_array_equal(done.result, expected)
    assert_array_equal(done.steps[-1].total, expected)
    assert_array_equal(done.matrix.T @ done.y.ravel(), expected.ravel())
    assert_array_equal(done.correlated, expected)
    for step in done.steps:
        one = np.zeros_like(done.y)
        one[step.at] = 1
        assert_array_equal(step.placed, placed_and_added(one, np.ones((3, 2)), config.strides, padding) > 0)


# --- coloured glass --------------------------------------------------------------------------


def sheets(setting, colours):
    """The sum of the sheets, laid down one by one and cropped."""
    k, s, p = setting.kernel_size, setting.strides, setting.padding
    full = np.zeros((s * 3 + k + setting.output_padding, s * 3 + k + setting.output_padding, 3), int)
    for row, column in np.ndindex(4, 4):
        full[s * row : s * row + k, s * column : s * column + k] += colours[row, column]
    return full[p : len(full) - p, p : len(full) - p]


R, G, B, W, K = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255] * 3, [0] * 3])
COLOURS = np.array([[R, G, R, W], [G, K, B, G], [W, B, R, K], [R, G, W, B]])


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_sheets_of_glass(setting):
    glass = through_glass(setting)
    assert_array_equal(glass.sums, sheets(setting, COLOURS))
    assert_array_equal(glass.counts, sheets(setting, np.ones_like(COLOURS))[..., 0])
    assert glass.seen.shape == (16, 16, 3)
    yellow = (np.minimum(glass.sums, 255) == [255, 255, 0]).all(axis=-1)
    assert glass.yellow == yellow.sum()


def test_what_the_article_says_of_its_settings():
    c, d, overlapping = map(through_glass, SETTINGS)
    assert_array_equal(c.seen[3::4], 0)  # black stripes, the last row one of them
    assert (d.counts == 1).all()
    assert (c.yellow, d.yellow, d.clipped) == (0, 0, 0)
    assert_array_equal(overlapping.seen[0, 3], [255, 255, 0])  # red and green
    assert_array_equal(overlapping.seen[0, 13], [255, 255, 255])  # red and white
    assert_array_equal(overlapping.seen[5, 4], [0, 255, 0])  # green and black


# --- sizes -----------------------------------------------------------------------------------


def test_the_sizes_that_the_articles_give():
    assert [example.result for example in EXAMPLES] == [3, 7, 2, 16, 16, 3, 4, 5, 16, 30, 224]
    for example in EXAMPLES:
        formula, _, result = example.arithmetic.rpartition(" = ")
        python = formula.replace("⌊", "(").replace("⌋", ")").replace("/", "//").replace("·", "*").replace("−", "-")
        assert eval(python) == int(result) == example.result


@pytest.mark.parametrize(("kernel_size", "strides"), [(3, 1), (4, 1), (3, 2), (4, 2), (1, 3), (5, 3), (2, 4)])
def test_what_same_pads(kernel_size, strides):
    """The least that lets windows begin at every multiple of the stride, the odd one at the end."""
    pads = set()
    for size in range(kernel_size, 30):
        last = max(start for start in range(0, size, strides))
        total = max(last + kernel_size - size, 0)
        pads.add((total // 2, total - total // 2))
    found = same(kernel_size, strides)
    assert set(found.pads) == pads
    right = pads == {(kernel_size // 2,) * 2}
    assert (found.holds == "always") == right == (kernel_size == 1 or (strides == 1 and kernel_size % 2 == 1))


# --- the gradient ----------------------------------------------------------------------------


def test_columns_of_gradients_are_the_transpose():
    config = Gradient(input_size=(4, 5), kernel_size=(2, 3), strides=(2, 1), padding=(0, 0))
    built = columns(config)
    expected = np.zeros((2 * 3, 4 * 5))
    for number, (row, column) in enumerate(np.ndindex(2, 3)):
        window = np.zeros((4, 5))
        window[2 * row : 2 * row + 2, column : column + 3] = np.arange(1, 7).reshape(2, 3)
        expected[number] = window.ravel()
    assert_array_equal(built.matrix, expected)
    for matrix in (built.by_lax, built.by_conv, built.by_transpose):
        assert_array_equal(matrix, expected.T)


# --- ways of enlarging -----------------------------------------------------------------------


def correlated(x, kernel):
    """ "SAME" with a kernel (3, 3, in, out), by loops."""
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    result = np.zeros((*x.shape[:2], kernel.shape[-1]))
    for row, column in np.ndindex(x.shape[:2]):
        result[row, column] = np.einsum("tui,tuio->o", padded[row : row + 3, column : column + 3], kernel)
    return result


def enlarged(y, kernel, scale):
    """Copies of a kernel (k, k, out, in) placed and added; what exceeds scale·size is cropped alike on both sides."""
    k = kernel.shape[0]
    full = np.zeros((*(scale * (n - 1) + k for n in y.shape[:2]), kernel.shape[2]))
    for row, column in np.ndindex(y.shape[:2]):
        at = slice(scale * row, scale * row + k), slice(scale * column, scale * column + k)
        full[at] += kernel @ y[row, column]
    before = (k - scale) // 2
    return full[before : before + scale * y.shape[0], before : before + scale * y.shape[1]]


def test_one_kernel_for_enlarging_and_convolving():
    rng = np.random.default_rng(0)
    y, kernel = rng.integers(-9, 10, (4, 5, 2)), rng.integers(-9, 10, (3, 3, 2, 3)).astype(np.float32)
    expected = correlated(y.repeat(3, axis=0).repeat(3, axis=1), kernel)
    one = np.asarray(merged(jnp.asarray(kernel), 3))
    assert one.shape == (5, 5, 3, 2)
    assert_array_equal(enlarged(y, one, 3), expected)


def test_one_kernel_for_convolving_and_shuffling():
    rng = np.random.default_rng(1)
    y, kernel = rng.integers(-9, 10, (4, 5, 2)), rng.integers(-9, 10, (3, 3, 2, 4 * 3)).astype(np.float32)
    many, expected = correlated(y, kernel), np.zeros((8, 10, 3))
    for row, column in np.ndindex(8, 10):
        block = many[row // 2, column // 2].reshape(2, 2, 3)
        expected[row, column] = block[row % 2, column % 2]
    assert_array_equal(pixel_shuffle(jnp.asarray(many), 2), expected)
    assert_array_equal(enlarged(y, np.asarray(rearranged(jnp.asarray(kernel), 2)), 2), expected)


@pytest.mark.parametrize("scale", [2, 4])
def test_which_ways_are_transposed_convolutions(scale):
    """All inside. At the borders not bilinear interpolation; folding its border back helps at 2, not at 4."""
    lines = compare(scale, seed=0)
    assert max(line.inside for line in lines) < 1e-5
    corner = 1 - (0.5 + 0.5 / scale) ** 2  # what the corner's value keeps of itself, less than all
    assert [line.border > 1e-5 for line in lines] == [False, True, scale == 4, False, False, False]
    assert lines[1].border == pytest.approx(corner)


def test_what_each_way_can_represent():
    lines = {line.layer: line for line in reach(2, seed=0)}
    assert [line.free for line in lines.values()] == [4, 16, 36, 9, 9, 36]
    resized = lines["nearest, conv k3"]
    assert resized.misses["nearest"] == pytest.approx(0, abs=1e-6)
    assert resized.misses["bilinear"] == pytest.approx(0, abs=1e-6)
    # Of one value with zeros around: what is left beside its projection on blocks of ones at 3 by 3 places.
    blocks = np.zeros((9, 4, 4))
    for number, (row, column) in enumerate(np.ndindex(3, 3)):
        blocks[number, row : row + 2, column : column + 2] = 1
    basis, _ = np.linalg.qr(blocks.reshape(9, 16).T)
    single = np.zeros((4, 4))
    single[1, 1] = 1
    left = single.ravel() - basis @ (basis.T @ single.ravel())
    assert resized.misses["zeros between"] == pytest.approx(np.linalg.norm(left))


def test_backpropagation_comes_as_near_as_can_be():
    wanted = jnp.asarray(targets(2, seed=0)["drawn k4"])
    ways = {way.name: way for way in learned_layers(2, (5, 5), 1, 1)}
    lines = {line.layer: line for line in reach(2, seed=0)}
    for name in ("ConvTranspose k4", "nearest, conv k3"):
        distances = look_for(ways[name], wanted, scale=2, steps=80, seed=0)
        assert distances[0] > 0.9
        assert distances[-1] == pytest.approx(lines[name].misses["drawn k4"], abs=0.05)


# --- checkerboards ---------------------------------------------------------------------------


@pytest.mark.parametrize("cure", CURES, ids=lambda cure: cure.name)
def test_a_layer_doubles_the_size_and_says_how_many_terms_it_adds_up(cure):
    rng = np.random.default_rng(0)
    y = rng.standard_normal((3, 5, 2)).astype(np.float32)
    shape = cure.layer(3, 5, 2, 3).kernel_shape
    assert cure.initial(rng, shape).shape == shape
    assert cure.apply(jnp.asarray(y), jnp.asarray(cure.initial(rng, shape))).shape == (6, 10, 3)
    k = cure.kernel_size
    assert_array_equal(cure.contributions(3, 5), enlarged(np.ones((3, 5, 1)), np.ones((k, k, 1, 1)), 2)[..., 0])


def test_kernels_begin_by_keeping_the_variance():
    """Interpolation aside, which makes it less."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((24, 24, 32)).astype(np.float32)
    for cure in CURES:
        kernel = cure.initial(rng, cure.layer(24, 24, 32, 32).kernel_shape)
        x = np.asarray(cure.apply(jnp.asarray(y), jnp.asarray(kernel)))[4:-4, 4:-4]
        least = 0.15 if cure.name == "k4, bilinear" else 0.7
        assert least < x.var() < 1.4


def board(amplitude):
    """Images with every other position of both axes higher and lower."""
    signs = np.where(np.add.outer(np.arange(64), np.arange(64)) % 2, -1, 1)
    return np.repeat((amplitude * signs)[None, ..., None], 3, axis=-1).astype(np.float32)


def test_unevenness_is_in_grey_levels():
    assert unevenness(np.concatenate([0.2 + board(3 / 255), board(3 / 255)])) == pytest.approx(3)
    assert unevenness(0.2 + board(0)) == pytest.approx(0, abs=1e-4)


def test_excess_sees_a_checkerboard_and_nothing_else():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((200, 64, 64, 3)).astype(np.float32)
    assert excess(spectrum(noise)) == pytest.approx(0, abs=0.5)  # noise is the same at all frequencies
    with_board = spectrum(noise + board(0.5))
    assert excess(with_board) > excess(spectrum(noise)) + 1
    assert np.unravel_index(with_board.argmax(), with_board.shape) == (32, 32)
    other = np.cos(2 * np.pi * np.arange(64) * 10 / 64)  # no multiple of a quarter
    assert excess(spectrum(noise + other[None, :, None, None])) == pytest.approx(0, abs=0.5)


def test_smaller_images_are_means_of_blocks():
    images = np.random.default_rng(0).random((2, 64, 64, 3)).astype(np.float32)
    assert smaller(images)[1, 2, 5, 1] == pytest.approx(images[1, 8:12, 20:24, 1].mean())


def test_a_generator_is_trained_measured_and_shown(monkeypatch):
    monkeypatch.setattr(checkerboards, "CURES", CURES[3:4])
    result = checkerboards.run(Checkerboards(steps=20, batch_size=2, channels=4, pieces=32, seeds=1))
    (tried,) = result.tried
    assert tried.trained.psnr > tried.first.psnr + 1
    assert tried.first.unevenness < 1e-3  # interpolation
    assert tried.first.excess < 0
    assert tried.image.shape == result.photograph.shape == (64, 64, 3)
    assert "| k4, bilinear | 4 | 0.00 |" in table(result, seconds=1)
    assert len(draw_picture(result).axes) == 8
