"""`jtconv explore`, and the possible layer next to an impossible one."""

import shlex
import webbrowser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jtconv import ConvGeometry
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.possible import nearest_possible
from jtconv.cli import main
from jtconv.explorer import ExploredLayer, page
from jtconv.explorer._fields import FIELDS
from jtconv.explorer._layer import geometry_of
from jtconv.explorer._link import from_link, to_link
from jtconv.explorer._page import SCRIPTS, STYLES


def explored(tmp_path, command):
    """The exit status, and the layer that the page begins with."""
    out = tmp_path / "new folder" / "page.html"
    status = main(["explore", *shlex.split(command), "--out", str(out)])
    text = out.read_text(encoding="utf-8") if out.exists() else ""
    return status, text.partition('data-layer="')[2].partition('"')[0].replace("&amp;", "&")


@pytest.mark.parametrize(
    ("command", "link"),
    [
        ("", ""),
        ("--input-size 4 4 --kernel-size 4 --strides 2 --padding 1", "y=4,4&k=4&s=2&p=1"),
        (
            "--input-size 3 4 --kernel-size 3 2 --strides 2 3 --padding 1,0 0,-1 --dilation 1 2 --output-padding 1 2 "
            "--groups 3 --padding-mode circular --channels 6 9 --no-bias",
            "y=3,4&k=3,2&s=2,3&p=1:0,0:-1&d=1,2&a=1,2&g=3&m=circular&c=6,9&b=0",
        ),
        ("--input-size 5 --kernel-size 3 --strides 2 --padding SAME --output-padding -1", "y=5&k=3&s=2&p=SAME&a=-1"),
        ("--input-size 4 --kernel-size 3 --groups 5", "y=4&k=3&p=VALID&g=5&c=65,35"),
        (
            "--from torch 'nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1, bias=False)' --input-size 7",
            "y=7,7&k=4&s=2&p=1&c=8,4&b=0",
        ),
    ],
)
def test_the_page_begins_with_the_layer_asked_for(tmp_path, capsys, command, link):
    assert explored(tmp_path, command) == (0, link)
    printed = capsys.readouterr().out
    assert f"{tmp_path / 'new folder'}: made this folder" in printed
    assert "page.html: open it in a browser" in printed
    assert link in printed


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("--input-size 4", "needs `--kernel-size`"),
        ("--kernel-size 4", "needs `--input-size`"),
        ("--strides 2", "needs `--input-size`"),
        ("--input-size 2 2 2 --kernel-size 3", "shows 1 or 2 spatial axes, got 3"),
        ("--input-size 600 --kernel-size 3", "numbers up to 512, got 600"),
        ("--input-size 4 --kernel-size 3 --padding one", "`--padding` takes VALID"),
        ("--from torch 'ConvTranspose2d(8, 4, 4)' --input-size 7 --no-bias", "must not stand beside `--from`"),
    ],
)
def test_what_cannot_be_explored_is_refused(tmp_path, capsys, command, message):
    assert explored(tmp_path, command) == (2, "")
    printed = capsys.readouterr().err
    assert message in printed
    assert "nearest" not in printed


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("--input-size 5 --kernel-size 3 --strides 2 --output-padding 4", "`--output-padding` must be in [0, 1]"),
        (
            "--input-size 3 2 --kernel-size 3 --padding SAME --output-padding 0 1",
            "-padding` must be in [0, 0]",
        ),
        ("--input-size 1 2 --kernel-size 2 --padding 3,1 0,5", "no input size gives an output of 1"),
        ("--input-size 2 --kernel-size 2 --padding=-3,4", "crops all of `--input-size`"),
        ("--input-size 1 --kernel-size 3 --padding 1 --padding-mode reflect", "at least 2 positions"),
        (
            "--input-size 4 --kernel-size 3 --channels 3 7 --groups 2",
            "must divide IN of `--channels` = 3, got 2",
        ),
    ],
)
def test_an_impossible_layer_is_answered_with_the_rule_and_a_possible_one(tmp_path, capsys, command, rule):
    assert explored(tmp_path, command) == (2, "")
    printed = capsys.readouterr().err
    assert rule in printed
    _, found, remedy = printed.partition("The nearest possible layer: jtconv explore ")
    assert found
    status, link = explored(tmp_path, remedy)
    assert status == 0
    assert link


def test_the_page_is_opened_where_there_is_a_browser(tmp_path, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: bool(opened.append(address)) or len(opened) == 1)
    assert explored(tmp_path, "--open") == (0, "")
    assert opened == [(tmp_path / "new folder" / "page.html").as_uri()]
    assert explored(tmp_path, "--open")[0] == 2
    assert "there is no browser" in capsys.readouterr().err
    assert main(["explore", "--out", str(tmp_path)]) == 2
    assert f"--out {tmp_path}: cannot be written" in capsys.readouterr().err


def test_the_page_is_made_of_all_its_parts():
    text = page('y=4"><script>')
    assert 'data-layer="y=4&quot;&gt;&lt;script&gt;"' in text
    folder = Path(__file__).parent.parent / "jtconv" / "explorer"
    assert {path.stem for path in folder.glob("*.js")} == set(SCRIPTS)
    assert {path.stem for path in folder.glob("*.css")} == set(STYLES)
    for path in folder.glob("*.[jc]*s"):
        assert path.read_text(encoding="utf-8").strip() in text, path.name


@pytest.mark.parametrize(
    "link",
    [
        "y=3&k=3",
        "y=3,3&k=3&s=2",
        "y=3,4&k=3,2&s=2,3&p=1:0,0:-1&d=1,2&a=1,2&g=3&m=circular&c=6,9&b=0",
        "y=5&k=3&s=2&p=SAME&a=-1",
        "y=512&k=512&p=-512",
    ],
)
def test_a_link_is_read_as_it_was_written(link):
    values = from_link(f"#{link}")
    assert values is not None
    assert list(values) == [field.key for field in FIELDS]
    assert to_link(values) == link
    layer = ExploredLayer(geometry_of(values), values["y"], values["a"], values["channels"], values["bias"])
    assert layer.values == values
    assert layer.link == link


@pytest.mark.parametrize(
    "link",
    [
        *(
            "",
            "stage",
            "y=3",
            "k=3",
            "y=0&k=3",
            "y=3&k=0",
            "y=3,3,3&k=3",
            "y=3&k=3,3",
            "y=3,3&k=3&s=1,2,3",
            "y=3&k=1.5",
        ),
        *(
            "y=3&k=3&p=1:2:3",
            "y=3&k=3&p=ONE",
            "y=513&k=3",
            "y=3&k=3&m=mirror",
            "y=3&k=3&c=4",
            "y=3&k=3&g=1,2",
            "y=3&k=--3",
        ),
        *("y=3&k=3:3", "y=3&k=3&c=0,1", "y=3&k=3&m=SAME", "y=3&k=3&p=-513", "y=&k=3", "<script>"),
    ],
)
def test_a_link_that_is_wrong_is_none(link):
    assert from_link(link) is None


def test_every_control_has_its_own_key_letter_and_option():
    for names in zip(*((field.key, field.letter, field.option) for field in FIELDS), strict=True):
        assert len(set(names)) == len(FIELDS)


@st.composite
def layers(draw):
    ndim = draw(st.integers(1, 2))
    each = lambda low, high: draw(st.lists(st.integers(low, high), min_size=ndim, max_size=ndim))  # noqa: E731 (two words, used beside it)
    pads = list(zip(each(-9, 20), each(-9, 20), strict=True))
    geometry = ConvGeometry(
        each(1, 5),
        strides=each(1, 5),
        padding=draw(st.sampled_from(["VALID", "SAME", "SAME_LOWER", "CAUSAL", "ANTICAUSAL", pads, pads, pads])),
        dilation=each(1, 3),
        padding_mode=draw(st.sampled_from([*PADDING_MODES])),
    )
    return geometry, each(1, 6), each(-6, 8)


@given(layers())
def test_the_nearest_possible_layer_is_possible_and_a_possible_one_stays(layer):
    geometry, y_size, a = layer
    near, near_a = nearest_possible(geometry, y_size, a)
    x_size = near.transpose_output_size(y_size, output_padding=near_a)
    assert near.output_size(x_size) == tuple(y_size)
    assert (near.kernel_size, near.strides, near.dilation) == (
        geometry.kernel_size,
        geometry.strides,
        geometry.dilation,
    )
    try:
        geometry.at(geometry.transpose_output_size(y_size, output_padding=a))
    except ValueError:
        assert (near, near_a) != (geometry, tuple(a))
    else:
        assert (near, near_a) == (geometry, tuple(a))
