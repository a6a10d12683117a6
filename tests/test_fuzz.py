"""A fixed sample of `python -m tests.checks.fuzz`; and that it sees what it is there to see."""

import pkgutil
import warnings

import jax
import pytest
from test_documents import public_modules, public_names

import jtconv
from tests.checks.fuzz.arguments import draw, surfaces
from tests.checks.fuzz.arguments.judge import judge
from tests.checks.fuzz.files.damage import fit_png
from tests.checks.fuzz.files.draw import draw as draw_file
from tests.checks.fuzz.files.kinds import KINDS
from tests.checks.fuzz.work import run_case


@pytest.fixture(autouse=True)
def _as_the_command_runs():
    with jax.enable_x64(False), warnings.catch_warnings(action="ignore"):
        yield


@pytest.mark.parametrize(("kind", "cases"), [("arguments", 150), ("files", 150)])
def test_every_outcome_is_documented(kind, cases):
    failures = []
    for number in range(cases):
        outcome, code = run_case(kind, 0, number)
        if not outcome.ok:
            failures.append(f"{number}: {outcome}\n    {code[:300]}")
    assert not failures, "\n".join(failures)


CALLED_OTHERWISE = {
    "jtconv.ConvMatrix": "matrix.right",
    "jtconv.Explanation": "jtconv.explain",
    "jtconv.TransposeReport": "jtconv.verify_transpose",
    "jtconv.models.TrainedModel": "predict",
    "jtconv.weights.Preprocessing": "preprocessing",
}


def test_every_public_function_is_called():
    called = {surface.name for surface in surfaces.SURFACES}
    public = {name for module in public_modules() for name in public_names(module)}
    functions = {name for name in public if callable(pkgutil.resolve_name(name))}
    assert {CALLED_OTHERWISE.get(name, name) for name in functions} <= called


def test_a_case_is_made_of_its_number_alone():
    assert [draw.draw(3, n).code for n in range(50)] == [draw.draw(3, n).code for n in range(50)]
    assert len({draw.draw(3, n).code for n in range(50)}) > 40
    assert draw_file(3, 7).data == draw_file(3, 7).data


def call(name, **arguments):
    surface = next(s for s in surfaces.SURFACES if s.name == name)
    return judge(draw.Call(surface, {**surface.bases[0], **arguments}))


def test_what_is_wrong_is_seen(monkeypatch):
    right = jtconv.conv_transpose

    def outcome(function):
        monkeypatch.setattr(jtconv, "conv_transpose", function)
        return call("jtconv.conv_transpose").kind

    def unnamed(*_, **__):
        raise ValueError("wrong")

    assert outcome(right) == "right"
    assert outcome(lambda y, kernel: right(y, kernel) + (right(y, kernel) == 3)) == "wrong"
    assert outcome(lambda y, kernel: right(y[..., ::-1], kernel)) == "wrong"
    assert outcome(lambda y, kernel: right(y, kernel).astype("bfloat16")) == "wrong"
    assert outcome(unnamed) == "undocumented error"
    assert outcome(lambda y, kernel: {}["y"]) == "undocumented error"


def test_what_is_refused_or_accepted_in_vain_is_seen(monkeypatch):
    monkeypatch.setattr(jtconv, "conv_output_size", lambda *_, **__: (7,))
    assert call("jtconv.conv_output_size").kind == "right"  # of 9 positions and a kernel of 3
    assert call("jtconv.conv_output_size", kernel_size="4").kind == "wrong"
    assert call("jtconv.conv_output_size", strides="'2'").kind == "accepted"


def test_a_case_without_end_is_ended(monkeypatch):
    def busy(_):
        while True:
            pass

    monkeypatch.setattr("tests.checks.fuzz.work.SECONDS", 0.1)
    monkeypatch.setattr("tests.checks.fuzz.arguments.judge.judge", busy)
    assert run_case("arguments", 0, 0)[0].kind == "hang"


def test_checksums_are_fitted():
    """Damage would otherwise end at the first checksum."""
    png = next(kind for kind in KINDS if kind.name == "RGB.png").sound()
    assert fit_png(png) == png
    damaged = png[:17] + b"\x07" + png[18:]
    assert fit_png(damaged) != damaged
    assert fit_png(damaged)[:18] == damaged[:18]
