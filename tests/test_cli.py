"""The command `jtconv`: what it prints, and its exit status."""

import json
import subprocess
import sys
from dataclasses import replace

import jax.numpy as jnp
import pytest

from jtconv import explain
from jtconv._primitives.dispatch import REGISTRY
from jtconv._verify.layers import LAYERS
from jtconv.cli import _overlap_plot, _verify, main
from jtconv.cli._overlap_pattern import plane_of


def words(command):
    return command.split()


def test_explain_fills_in_the_formula(capsys):
    assert main(words("explain --input-size 7 7 --kernel-size 4 --strides 2")) == 0
    text = capsys.readouterr().out
    assert "⌊(7 + 0 + 0 - 1·(4 - 1) - 1) / 2⌋ + 1 = ⌊3 / 2⌋ + 1 = 2" in text
    assert "2·(7 - 1) + 1·(4 - 1) + 1 - 0 - 0 + 0 = 16" in text
    assert "    C maps every size from 16 to 17 to 7×7; output_padding or output_size selects one." in text


def test_explain_tells_axes_apart_and_counts_overlaps():
    layer = explain((5, 9), (3, 2), strides=(2, 1), padding=((1, -1), 0), output_padding=(1, 0))
    assert layer.output_size == (2, 8)
    assert layer.transposed_size == (12, 10)
    assert "C maps every size (11 to 12) by (10) to 5×9; output_padding" in str(layer)
    assert "C maps only 9×9 to 7×7.\n" in str(explain((7, 7), 3))
    assert "on axis 1" in str(layer)
    assert "1 2 1 2 1 2 1 2 1 1 0 0" in str(layer)
    assert "1 2 2 2 2 2 2 2 2 1" in str(layer)
    assert "1 - 1 - (-1) + 1 = 12" in str(layer)
    counts = explain(4, 3, strides=4, output_padding=1)
    assert "1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0" in str(counts)
    assert "uneven" in str(counts)
    assert "even inside" in str(explain(4, 2, strides=2, dilation=3))


def test_explain_says_what_does_not_fit():
    layer = explain(2, 3, strides=2)
    assert layer.output_size is None
    assert "C cannot take 2: the kernel does not fit" in str(layer)
    assert layer.transposed_size == (5,)


def test_explain_says_which_positions_are_read():
    assert "positions 1, 3, 5 of 0 to 6 are not read" in str(explain(7, 1, strides=2))
    assert "position 6 of 0 to 6 is not read" in str(explain(7, 4, strides=2))
    assert "every position is read" in str(explain(224, 7, strides=2, padding=3))


def test_explain_of_same_has_the_output_padding_of_the_functions():
    assert "2·3 + (-1) = 5" in str(explain(3, 3, strides=2, padding="SAME", output_padding=-1))
    assert "4·3 + 0 = 12" in str(explain(3, 1, strides=4, padding="SAME"))


def test_one_value_serves_all_axes(capsys):
    assert main(words("explain --input-size 7 --kernel-size 3 2 --padding 1,0")) == 0
    text = capsys.readouterr().out
    assert "takes 7×7 to 6×7" in text


def test_explain_takes_a_frameworks_words(capsys):
    assert (
        main(["explain", "--from", "torch", "nn.ConvTranspose2d(64, 32, 4, stride=2)", *words("--input-size 7")]) == 0
    )
    text = capsys.readouterr().out
    assert "Cᵀ takes 7×7 to 16×16" in text
    assert "keras.layers.Conv2DTranspose(32, 4, strides=2)" in text
    assert "Parameters: 4·4·64·32 = 32,768 + 32 of the bias" in text
    lax = ["--from", "lax", "lax.conv_transpose(y, k, (2, 2), 'SAME')"]
    assert main(["explain", *lax, *words("--input-size 7 9 --kernel-size 3 --channels 4 5")]) == 0
    assert "torch.nn.ConvTranspose2d(4, 5, 3" not in (text := capsys.readouterr().out)
    assert "hk.Conv2DTranspose(5, 3, stride=2, with_bias=False)" in text


def test_explain_prints_json(capsys):
    assert main(words("explain --input-size 7 7 --kernel-size 4 --strides 2 --channels 4096 12 --no-bias --json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["transposed_size"] == [16, 16]
    assert told["costs"]["parameters"] == 786_432
    assert told["equivalents"]["torch"]["call"] == "torch.nn.ConvTranspose2d(4096, 12, 4, stride=2, bias=False)"


def test_overlap_draws_counts_in_shades(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(words("overlap --input-size 3 2 --kernel-size 3 --strides 2")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Contributions to each of the 7×5 positions of the result; kernel 3×3, strides 2×2"
    assert lines[1:5] == ["    0  1  2  3  4", " 0 ░1░░1░▒2▒░1░░1░", " 1 ░1░░1░▒2▒░1░░1░", " 2 ▒2▒▒2▒▓4▓▒2▒▒2▒"]
    assert "░░ 1   ▒▒ 2   ▓▓ 4" in lines
    assert any("kernel_size 4 instead of 3" in line for line in lines)


def test_overlap_of_other_numbers_of_axes_and_of_large_results(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert main(words("overlap --input-size 4 --kernel-size 1 --strides 2")) == 0
    assert " 0 ░1░·0·░1░·0·░1░·0·░1░" in capsys.readouterr().out
    assert main(words("overlap --input-size 2 3 4 --kernel-size 3 --strides 2 --dilation 2")) == 0
    text = capsys.readouterr().out
    assert (
        "7×9×11 positions of the result; kernel 3×3×3, strides 2×2×2, dilation 2×2×2, at position 3 of axis 0" in text
    )
    assert main(words("overlap --input-size 90 8 --kernel-size 2 --strides 2")) == 0
    assert "(the first 60 by 16 of 180 by 16 positions)" in capsys.readouterr().out
    assert main(words("overlap --input-size 3 30 --kernel-size 5 --strides 3")) == 0
    text = capsys.readouterr().out
    assert "(the first 11 by 36 of 11 by 92 positions)" in text
    assert max(map(len, text.split("\n\n")[0].splitlines()[1:])) == 40


@pytest.mark.parametrize(
    "sizes",
    ["--input-size 3 4 --kernel-size 3", "--input-size 30 28 --kernel-size 4", "--input-size 9 --kernel-size 5"],
)
def test_overlap_as_a_picture(sizes, capsys, tmp_path):
    path = tmp_path / "overlap.png"
    assert main([*words(f"overlap {sizes} --strides 3"), "--png", str(path)]) == 0
    capsys.readouterr()
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written(capsys, tmp_path):
    path = tmp_path / "missing" / "overlap.png"
    assert main([*words("overlap --input-size 3 --kernel-size 3"), "--png", str(path)]) == 2
    assert f"`--png` cannot write {path}: No such file" in capsys.readouterr().err


def test_picture_shows_the_counts():
    plane = plane_of(explain((3, 4), 3, strides=2))
    axes = _overlap_plot.draw(plane).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("position on axis 1", "position on axis 0")
    image = axes.images[0].get_array()
    assert image is not None
    assert image.tolist() == plane.counts.tolist()
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(x, y): str(n) for y, row in enumerate(plane.counts.tolist()) for x, n in enumerate(row)}
    bars = _overlap_plot.draw(plane_of(explain(4, 3, strides=2))).axes[0]
    assert [bar.get_height() for bar in bars.patches] == [1, 1, 2, 1, 2, 1, 2, 1, 1]  # pyright: ignore[reportAttributeAccessIssue] (rectangles)


def test_matrix_draws_taps_as_letters(capsys):
    assert main(words("matrix --input-size 3 --kernel-size 3 --strides 2")) == 0
    text = capsys.readouterr().out
    assert "C, 3 x 7, 9 entries: the convolution, 7 to 3\na b c . . . .\n. . a b c . .\n. . . . a b c" in text
    assert "\nc a .\n" in text
    assert main(words("matrix --input-size 5 --kernel-size 3 --padding 2 --padding-mode replicate")) == 0
    assert "\n+ . .\n+ c .\na b c\n. a +\n" in capsys.readouterr().out


def test_verify_one_layer(capsys):
    """x of 9x8x4 and y of 5x3x6, whose sizes and channels are those of the transposed convolution."""
    layer = "--kernel-size 4 3 --strides 2 --padding 1,2 0 --groups 2 --channels 6 4 --input-size 5 3"
    for size in ("--output-padding 0 1", "--output-size 9 8"):
        assert main(words(f"verify {layer} {size}")) == 0
        text = capsys.readouterr().out
        assert "C: 9x8 -> 5x3" in text
        assert "matrix 90 x 288" in text
        assert "every check within its rounding bound" in text


def test_verify_takes_a_frameworks_words(capsys):
    call = "ConvTranspose2d(6, 4, (4, 3), stride=2, padding=(1, 0), output_padding=(1, 0), groups=2)"
    assert main(["verify", "--from", "torch", call, *words("--input-size 5 3 --dtype float32")]) == 0
    assert "C: 11x7 -> 5x3" in (text := capsys.readouterr().out)
    assert "matrix 90 x 308" in text
    many = "ConvTranspose2d(1024, 512, 4, stride=2)"
    assert main(["verify", "--from", "torch", many, *words("--input-size 5 3 --dtype float32")]) == 0
    assert "Checked with 3 and 2 channels: a matrix of 1024 and 512" in capsys.readouterr().out


def test_verify_table_and_its_exit_status(capsys, monkeypatch):
    monkeypatch.setattr(_verify, "LAYERS", LAYERS[:2])
    assert main(["verify", "--dtype", "float32"]) == 0
    assert "2 of 2 layers within their rounding bound" in capsys.readouterr().out
    right = REGISTRY["transposed", "matrix"]
    flipped = replace(right, run=lambda y, w, s, p: right.run(y, jnp.flip(w, 0), s, p))
    monkeypatch.setitem(REGISTRY, ("transposed", "matrix"), flipped)
    monkeypatch.setattr(_verify, "LAYERS", LAYERS[2:4])
    assert main(["verify", "--dtype", "float32"]) == 1
    text = capsys.readouterr().out
    assert "FAIL" in text
    assert "0 of 2 layers within" in text


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("explain --input-size 7 --kernel-size 3 --strides 0", "`--strides` must be at least 1, got 0"),
        ("overlap --input-size 9999 --kernel-size 3 --strides 9999", "the result would have 99,970,005 on"),
        ("explain --input-size 100000000 --kernel-size 1 --strides 2 --padding 99999999", "the input would have 100,0"),
        ("explain --input-size 1 --kernel-size 1 --strides 2000000000", "the strides would have 2,000,000,000"),
        ("explain --input-size 7 --kernel-size 3 --padding 1,x", "`--padding` takes VALID, SAME"),
        ("verify --input-size 7", "a layer needs `--kernel-size`"),
        ("verify --strides 2", "a layer needs `--input-size`"),
        ("verify --seed -1", "`--seed` must be at least 0, got -1"),
        ("verify --input-size 7 --kernel-size 3 --channels -1 2", "IN of `--channels` must be at least 1, got -1"),
        ("verify --input-size 7 --kernel-size -1", "`--kernel-size` must be at least 1, got -1"),
        ("matrix --input-size 7 --kernel-size 3 --groups -1", "`--groups` must be at least 1, got -1"),
        ("verify --input-size 7 7 --kernel-size 3 --strides 1 2 3", "`--strides` must be an int or 2 ints"),
        ("matrix --input-size 2 --kernel-size 5 --output-size 3", "`--output-size` must be in [6, 6]"),
        ("explain --kernel-size 5", "a layer needs `--input-size`"),
        ("overlap --input-size 5", "or `--from` with a framework's call"),
        ("explain --from torch nn.Conv2d(3,4,5) --input-size 7", "got nn.Conv2d"),
        ("explain --from torch ConvTranspose2d(3,4,5) --input-size 7 --strides 2", "`--strides` must not stand beside"),
        ("overlap --from torch f() --input-size 7 --output-padding 1", "`--output-padding` must not stand beside"),
        ("explain --from torch f() --input-size 7 --no-bias", "`--no-bias` must not stand beside"),
        (
            "explain --from torch ConvTranspose2d(3,4,5) --input-size 7 --channels 3 5",
            "OUT of `--channels` is 4 in",
        ),
        ("overlap --input-size 5 --kernel-size 3 --png o.jpg", "`--png` must name a file that ends in .png, got o.jpg"),
    ],
)
def test_wrong_arguments_are_one_line_and_status_2(capsys, command, message):
    assert main(command.split()) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"jtconv {command.split()[0]}: error: ")
    assert output.err.count("\n") == 1
    assert message in output.err


@pytest.mark.parametrize(
    ("command", "near"),
    [
        ("verfy", "did you mean verify?"),
        ("explain --kernal-size 3 --input-size 7", "--kernal-size: did you mean --kernel-size?"),
        ("matrix --sizes=3", "--sizes: did you mean"),
        ("bench --dtype float23", "did you mean float32?"),
        ("explain --padding-mode zero", "did you mean zeros?"),
    ],
)
def test_the_nearest_option_or_command_is_named(capsys, command, near):
    with pytest.raises(SystemExit) as raised:
        main(words(command))
    assert raised.value.code == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert near in error
    assert error.endswith("--help)")


def test_a_message_about_a_call_names_from_and_keeps_the_frameworks_words(capsys):
    call = ["explain", "--from", "torch", "ConvTranspose2d(3, 4, 0)", "--input-size", "7"]
    assert main(call) == 2
    error = capsys.readouterr().err
    assert '--from torch "ConvTranspose2d(3, 4, 0)": `kernel_size`' in error
    assert main(["explain", "--from", "lax", "lax.conv_transpose(y, k, (2, 2), 'SAME')", "--input-size", "7"]) == 2
    assert "`--kernel-size` is needed" in capsys.readouterr().err


def test_runs_as_a_command():
    command = [sys.executable, "-m", "jtconv", "explain", "--input-size", "4", "--kernel-size", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "4 + 0 + 0" in done.stdout
