"""Programs compiled for a device that is not there: what is counted in their text, and the command.

The texts are the compilers' own, shortened; no compiler is needed here. `make accelerators` runs them.
"""

import json
import re
from pathlib import Path

import ahead_programs as hlo
import jax
import pytest

from benchmarks import accelerator_step
from jtconv import conv, conv_transpose
from jtconv.bench._layers import SUITE
from jtconv.bench.ahead import _count, _plot, _process, _report
from jtconv.bench.ahead._devices import DEVICES, TPU_ENVIRONMENT, Nvidia, environment, target_config
from jtconv.bench.ahead._hlo import Program, window
from jtconv.bench.ahead._process import NotCompiled, Worker
from jtconv.bench.ahead._programs import PARTS, TITLES, layer_program, methods
from jtconv.cli import _compile_for, main

ROOT = Path(__file__).parent.parent
BY_NAME = {layer.name: layer for layer in SUITE}


def program(entry, fused=""):
    return Program(
        f"HloModule jit_f, is_scheduled=true\n\n{fused}\n\nENTRY %main.1 (y.1: f32[1]) -> f32[1] {{\n{entry}\n}}\n"
    )


def work(name, given):
    return _count.multiplications(given) / BY_NAME[name].needed


def forward_call(result, operands, window, labels, groups=1):
    """A call of cuDNN's convolution forward on two parameters of these shapes."""
    tail = f", feature_group_count={groups}" if groups > 1 else ""
    parameters = [f"  %p.{at} = f32[{shape}]{{0}} parameter({at})" for at, shape in enumerate(operands)]
    call = (
        f"  %cudnn-conv.1 = (f32[{result}]{{0}}, u8[0]{{0}}) custom-call(%p.0, %p.1), window={{{window}}}, "
        f'dim_labels={labels}{tail}, custom_call_target="__cudnn$convForward"'
    )
    return program("\n".join([*parameters, call]))


def test_backward_data_multiplies_by_no_zeros():
    found = program(hlo.BACKWARD_DATA)
    assert work("ResNet decoder", found) == 1
    assert _count.inserted_zeros(found) == 0
    assert _count.operations(found) == ["copy", "cudnn backward-data"]
    assert _count.estimated_cycles(found) is None


def test_a_depthwise_layer_of_lax_multiplies_by_the_zeros_it_inserts():
    found = program("  %y.1 = f32[4,48,48,96]{3,2,1,0} parameter(0)\n" + hlo.DEPTHWISE_LAX, hlo.FUSED_PAD)
    assert work("depthwise", found) == 4
    assert _count.inserted_zeros(found) == 4 * 96 * (99**2 - (99 - 47) ** 2)
    assert _count.operations(found) == ["copy", "cudnn forward"]


@pytest.mark.parametrize(
    ("name", "call", "times"),
    [
        # An inverse STFT: y was spread by zeros before.
        ("jax 23783", ("1,16384,1", ("1,16895,514", "1,512,514"), "size=512", "b0f_o0i->b0f"), 131.072),
        # The kernel is larger than y, so that y is the window, dilated.
        (
            "FCN-32s",
            ("21,544,544,1", ("21,64,64,21", "1,16,16,21"), "size=16x16 pad=480_480x480_480 rhs_dilate=32x32 "
             "rhs_reversal=1x1", "b01f_o01i->b01f"),
            72.25,
        ),
        ("FSRCNN x4", ("1,360,640,1", ("1,368,648,56", "1,9,9,56"), "size=9x9", "b01f_o01i->b01f"), 16),
        (
            "jax 31662",
            ("1,1,128,128,64", ("1,64,130,130,66", "1,64,3,3,3"), "size=3x3x3", "bf012_oi012->bf012"),
            8,
        ),
        # The gradient by the kernel, as JAX derives it of lax's own functions: an image-sized window.
        (
            "grouped 32",
            ("4,3,3,128", ("4,58,58,256", "128,56,56,8"), "size=56x56", "b01f_o01i->b01f", 32),
            4,
        ),
    ],
)  # fmt: skip
def test_convolutions_forward_by_their_windows(name, call, times):
    found = forward_call(*call)
    assert work(name, found) == pytest.approx(times)
    assert _count.operations(found) == ["cudnn forward"]


def test_backward_filter_takes_each_position_of_the_output():
    assert work("DCGAN 5", program(hlo.BACKWARD_FILTER)) == 1
    assert _count.operations(program(hlo.BACKWARD_FILTER)) == ["cudnn backward-filter"]


def test_backward_data_of_a_padded_position_meets_each_tap_once():
    """The gradient by y of lax's own "DCGAN 1": most of what is given lies on padding."""
    assert work("DCGAN 1", program(hlo.BACKWARD_DATA_ON_PADDING)) == 1


def test_matrix_products():
    triton = program(hlo.GEMM, hlo.GEMM_FUSED)
    assert work("FCN-32s", triton) == 1
    assert _count.operations(triton) == ["matrix product (triton)"]
    for target in ("__cublas$gemm", "__cublas$lt$matmul"):
        call = f'(f32[86016,256]{{1,0}}, s8[4194304]{{0}}) custom-call(%k.1, %y.1), custom_call_target="{target}", '
        config = 'backend_config={"gemm_backend_config":{"dot_dimension_numbers":{"lhs_contracting_dimensions":["1"]}}}'
        cublas = program(re.sub(r"f32\[86016,256\]\{1,0\} fusion.*", call + config, hlo.GEMM))
        assert work("FCN-32s", cublas) == 1
        assert _count.operations(cublas) == ["matrix product (cublas)"]


def test_an_elementwise_fusion_counts_what_it_multiplies():
    entry = """
  %k.1 = f32[4,4,1,96]{3,2,1,0} parameter(1)
  %y.1 = f32[4,48,48,96]{3,2,1,0} parameter(0)
  ROOT %loop_slice_fusion = f32[4,96,96,96]{3,2,1,0} fusion(%y.1, %k.1), kind=kLoop, calls=%fused_slice
"""
    found = program(entry, hlo.DEPTHWISE_FUSED)
    assert work("depthwise", found) == pytest.approx((49 / 48) ** 2)
    assert _count.inserted_zeros(found) == 0
    assert _count.operations(found) == ["elementwise"]


def test_neither_integers_nor_constants_count():
    text = """
  %iota.18 = s32[64]{0} iota(), iota_dimension=0
  %multiply.1 = s32[64]{0} multiply(%iota.18, %iota.18)
  %y.1 = f32[64]{0} parameter(0)
  %constant.1 = f32[] constant(0.5)
  %broadcast.1 = f32[64]{0} broadcast(%constant.1), dimensions={}
  %multiply.2 = f32[64]{0} multiply(%y.1, %broadcast.1)
  ROOT %multiply.3 = f32[64]{0} multiply(%y.1, %multiply.2)
"""
    assert _count.multiplications(program(text)) == 64


def test_a_window_that_meets_one_value_at_most_multiplies_by_no_zeros():
    """A kernel as wide as the strides, and a product over a batch as the compiler for TPUs writes it."""
    narrow = program(hlo.TPU, hlo.TPU_FUSED)
    assert _count.multiplications(narrow) == 56 * 8 * 8 * 512 * 1024
    assert _count.inserted_zeros(narrow) == 0
    assert _count.operations(narrow) == ["copy", "matrix product", "copy"]
    batched = program(hlo.TPU_BATCHED)
    assert _count.multiplications(batched) == 8 * 512 * 256 * 1024
    assert _count.operations(batched) == ["matrix product"]


def test_a_tpus_convolution_with_its_dilation_and_cycles():
    found = program(hlo.TPU, hlo.TPU_FUSED.replace("size=2x2", "size=3x3"))
    assert _count.multiplications(found) == 56 * 8 * 8 * 512 * 3 * 3 * 1024
    assert _count.inserted_zeros(found) == 8 * 1024 * (55 * 7 - 28 * 4)
    assert _count.operations(found) == ["copy", "convolution", "copy"]
    assert _count.estimated_cycles(found) == 115712 + 4048
    (convolution,) = (one for one in found.computations["fused_computation.1"].values() if one.opcode == "convolution")
    assert window(convolution)[:3] == ((3, 3), (1, 1), (2, 2))


def test_zeros_count_where_they_are_stored_or_multiplied_by():
    fused = """%fused (param_0: f32[8]) -> f32[15] {{
  %param_0 = f32[8]{{0}} parameter(0)
  %constant_1 = f32[] constant(0)
  %pad.1 = f32[15]{{0}} pad(%param_0, %constant_1), padding=0_0_1
  %add.1 = f32[15]{{0}} add(%pad.1, %pad.1)
  ROOT %last = f32[15]{{0}} {last}
}}"""
    entry = "  %y.1 = f32[8]{0} parameter(0)\n  ROOT %fusion.1 = f32[15]{0} fusion(%y.1), kind=kLoop, calls=%fused"
    zeros = {
        operation: _count.inserted_zeros(program(entry, fused.format(last=operation)))
        for operation in ("copy(%pad.1)", "reverse(%pad.1), dimensions={0}", "negate(%add.1)", "copy(%add.1)")
    }
    assert list(zeros.values()) == [7, 7, 0, 0]
    unfused = (
        "  %y.1 = f32[8]{0} parameter(0)\n  %c = f32[] constant(0)\n  %p = f32[15]{0} pad(%y.1, %c), padding=0_0_1"
    )
    assert _count.inserted_zeros(program(unfused)) == 7


def test_the_multiplications_of_a_step_are_counted_in_its_forward_pass():
    def f(x, kernel):
        return jax.jit(lambda x: conv_transpose(conv(x, kernel, strides=2), kernel, strides=2))(x)

    x, kernel = jax.ShapeDtypeStruct((1, 9, 3), "float32"), jax.ShapeDtypeStruct((3, 3, 4), "float32")
    found = [accelerator_step.needed(one) for one in accelerator_step.convolutions(jax.make_jaxpr(f)(x, kernel).jaxpr)]
    assert found == [4 * 36, 4 * 36]


def test_a_steps_operations_are_totalled_by_kind():
    step = {"operations": ["2 × copy", "cudnn forward", "copy", "elementwise", "3 × cudnn forward"]}
    assert accelerator_step.kinds(step) == "4 cudnn forward, 3 copy, 1 elementwise"


def test_the_body_of_a_loop_counts_as_often_as_it_runs():
    assert _count.multiplications(program(hlo.LOOP, hlo.LOOP_BODY)) == 5 * 8
    unknown = hlo.LOOP.replace("known_trip_count", "other")
    assert _count.multiplications(program(unknown, hlo.LOOP_BODY)) == 8
    assert _count.multiplications(program(unknown, f"{hlo.LOOP_BODY}\n\n{hlo.LOOP_CONDITION}")) == 7 * 8
    assert _count.operations(program(hlo.LOOP, hlo.LOOP_BODY)) == ["elementwise"]


def test_a_text_that_is_no_program_is_refused():
    with pytest.raises(ValueError, match="has no ENTRY"):
        Program("HloModule jit_f\n")


# --- devices and the worker ---------------------------------------------------------------------


def test_a_device_is_described_from_its_figures():
    h100, a100 = DEVICES["h100"], DEVICES["a100"]
    assert isinstance(h100, Nvidia)
    assert isinstance(a100, Nvidia)
    text = target_config(h100)
    for fact in (
        "core_count: 132",
        "major: 9 minor: 0 feature_extension: ACCELERATED_FEATURES",
        "clock_rate_ghz: 1.98",
    ):
        assert fact in text
    assert "feature_extension" not in target_config(a100)
    assert text.count("{") == text.count("}")
    assert all(one.shared_kib * 1024 > 48 * 1024 for one in DEVICES.values() if isinstance(one, Nvidia))


def test_the_environment_is_that_of_a_machine_without_the_device():
    assert environment(DEVICES["h100"], "/d")["JAX_PLATFORMS"] == "cpu"
    tpu = environment(DEVICES["v5e"], "/d")
    assert TPU_ENVIRONMENT.items() <= tpu.items()
    assert "--xla_jf_dump_to=/d " in tpu["LIBTPU_INIT_ARGS"]


@pytest.fixture
def worker(monkeypatch):
    """A worker whose process is a small Python program, given as its text."""
    monkeypatch.setattr("jtconv.bench.ahead._devices.compiler_version", lambda _: "some 1.0")

    def start(text):
        given = Worker("h100")
        monkeypatch.setattr(_process, "COMMAND", ("-c", text))
        return given

    return start


READY = "import sys, json, os, time\nprint('{\"ready\": 1}', flush=True)\nfor line in sys.stdin:\n "


def test_a_worker_answers_or_says_why_not(worker):
    with worker(READY + "r = json.loads(line); print(json.dumps(r['arguments']), flush=True)") as given:
        assert given.ask("module:function", {"a": 1}, 30) == {"a": 1}
        with pytest.raises(NotCompiled, match="too large"):
            given.ask("module:function", {"failed": "too large"}, 30)
        assert given.ask("module:function", {"a": 2}, 30) == {"a": 2}


def test_a_worker_that_dies_or_takes_too_long_is_started_again(worker):
    dies = "print('cuda_plugin_extension is not found.\\n', 'no room', file=sys.stderr); os._exit(3)"
    with worker(READY + dies) as given:
        for _ in range(2):
            with pytest.raises(NotCompiled, match="process ended with status 3: no room"):
                given.ask("module:function", {}, 30)
    with worker(READY + "time.sleep(60)") as given:
        for _ in range(2):
            with pytest.raises(NotCompiled, match="not compiled within 0.01 s"):
                given.ask("module:function", {}, 0.01)


def test_a_compiler_that_does_not_start_is_the_users_to_know(worker):
    with (
        worker('print(\'{"failed": "failed: RuntimeError: other version"}\')') as given,
        pytest.raises(ValueError, match="--compile-for h100: failed: RuntimeError: other version"),
    ):
        given.ask("module:function", {}, 30)


def test_a_layers_programs():
    layer = {
        "name": "one",
        "source": "",
        "batch": 2,
        "size": [4, 4],
        "y_ch": 3,
        "x_ch": 5,
        "kernel_size": 2,
        "strides": 2,
    }
    forward = layer_program(layer, "forward", "auto", "float32")
    assert forward.needed == 2 * 16 * 4 * 15
    assert forward.array_bytes == 4 * (2 * 16 * 3 + 4 * 15 + 2 * 64 * 5)
    shapes = {"forward": (2, 8, 8, 5), "y_gradient": (2, 4, 4, 3), "kernel_gradient": (2, 2, 5, 3)}
    for part in PARTS:
        for method in ("auto", "lax"):
            given = layer_program(layer, part, method, "bfloat16")
            assert jax.eval_shape(given.function, *given.arguments).shape == shapes[part]
    assert methods("forward", every=True)[:2] == ("auto", "lax")
    assert methods("kernel_gradient", every=True) == ("auto", "lax")


# --- reports and the command --------------------------------------------------------------------


def figures(multiplications=100, **more):
    return {
        "operations": ["copy", "cudnn forward"], "multiplications": multiplications, "needed": 100, "inserted_zeros": 0,
        "temporary_bytes": 10, "array_bytes": 100, "compile_s": 0.25, **more,
    }  # fmt: skip


def result(**forward):
    layer = {**BY_NAME["FCN-32s"].facts, "failed": {}, "forward": forward}
    device = {"device": "NVIDIA H100", "compiler": "jax-cuda13-pjrt 0.10.2", "layers": [layer]}
    return {"machine": {"dtype": "float32"}, "devices": {"h100": device}}


def test_tables_and_bounds():
    results = result(auto=figures(130), lax=figures(7225, inserted_zeros=5_000_000, temporary_bytes=200))
    text = _report.markdown(results)
    assert "NVIDIA H100, float32, by jax-cuda13-pjrt 0.10.2:" in text
    row = "| FCN-32s | copy, cudnn forward | the same | 1.30× / 72.2× | 0 / 5.00 M | 0.10× / 2.00× | 0.25 / 0.25 |"
    assert row in text
    assert "| lax | mean **72.2×**; most 72.2×, FCN-32s; 0 of 1 within bounds |" in text
    assert "| FCN-32s | 1×16×16, 21 → 21, k64 s32 | 0.92 |" in text
    assert "method:" not in text
    (layer,) = results["devices"]["h100"]["layers"]
    assert _report.over_bounds(layer["forward"]["auto"]) == []
    assert _report.over_bounds(layer["forward"]["lax"]) == [
        "multiplies 72.2× as often as needed", "inserts 5000000 zeros", "takes 2.00× the arrays' memory",
    ]  # fmt: skip
    assert "forward: auto  1.30x  lax  72.2x" in _report.line("h100", layer)


def test_methods_failures_and_cycles_have_their_place():
    auto = figures(cycles=2_500_000, cycles_from="estimate")
    results = result(auto=auto, overlap_add=figures(cycles=2_000, cycles_from="bundles"))
    (layer,) = results["devices"]["h100"]["layers"]
    layer["failed"] = {"forward": {"lax": "not compiled within 120 s"}}
    text = _report.markdown(results)
    assert "| kilocycles: auto / lax |" in text
    assert "| ~2500 / — |" in text
    assert "| FCN-32s | 1.00×, 0.10× | — | — | — | — | 1.00×, 0.10× | — |" in text
    assert "- lax, forward, on FCN-32s: not compiled within 120 s" in text
    assert "lax     -" in _report.line("h100", layer)


def test_gains_in_cycles_are_by_lax():
    results = result(auto=figures(cycles=250, cycles_from="bundles"), lax=figures(cycles=2_000, cycles_from="bundles"))
    text = _report.markdown(results)
    assert "| **lax's cycles by those of auto, h100** | forward |" in text
    assert "| auto | mean **8.00×** of 1 layers; least 8.00×, FCN-32s; most 8.00×, FCN-32s |" in text
    assert "within bounds" not in text


def test_plot_has_a_row_for_each_layer():
    results = result(auto=figures(130), lax=figures(7225))
    results["devices"]["h100"]["layers"] *= 2
    (panel,) = _plot.panels(results)
    assert panel.title == "forward, h100"
    assert [row.ratios for row in panel.rows] == [((72.25,) * 3, (1.3,) * 3)] * 2


def test_the_command_compiles_saves_and_tabulates(monkeypatch, tmp_path, capsys):
    asked = []

    def ask(self, program, arguments, seconds):
        asked.append((arguments["part"], arguments["method"], seconds))
        if arguments["method"] == "lax":
            raise NotCompiled("too large")
        return figures()

    monkeypatch.setattr("jtconv.bench.ahead._devices.compiler_version", lambda _: "some 1.0")
    monkeypatch.setattr(Worker, "ask", ask)
    path, plot = tmp_path / "ahead.json", tmp_path / "plot.svg"
    options = "bench --compile-for h100 h100 --layers FCN-16s --parts kernel_gradient forward --time-limit 5 --out"
    assert main([*options.split(), str(path)]) == 0
    assert asked == [(part, method, 5) for part in ("forward", "kernel_gradient") for method in ("auto", "lax")]
    printed = capsys.readouterr().out
    assert main(["bench", "--table", str(path), "--plot", str(plot)]) == 0
    table = capsys.readouterr().out
    assert printed.endswith(table)
    assert "| FCN-16s | copy, cudnn forward | — | 1.00× / — |" in table
    assert "- lax, forward, on FCN-16s: too large" in table
    assert "<svg" in plot.read_text()
    assert json.loads(path.read_text())["devices"]["h100"]["layers"][0]["name"] == "FCN-16s"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--compile-for x100", "no such device. There are: h100, h200"),
        ("--compile-for h100 --seconds 1", "nothing is timed with --compile-for"),
        ("--compile-for h100 --table x.json", "give one of them"),
        ("--compile-for h100 --parts both", "with --compile-for they are forward y_gradient kernel_gradient"),
        ("--compile-for h100 --time-limit 0", "--time-limit must be above 0"),
        ("--compile-for h100 --time-limit inf", "--time-limit must be above 0, and at most 86400 s"),
        ("--compile-for h100 --time-limit nan", "--time-limit must be above 0"),
        ("--compile-for h100 --layers nothing", "no layer's name contains that"),
        ("--parts y_gradient", "without --compile-for they are forward both kernel_gradient"),
        ("--time-limit 3", "--time-limit is for --compile-for"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_line(monkeypatch, options, message, capsys):
    monkeypatch.setattr("jtconv.bench.ahead._devices.compiler_version", lambda _: "some 1.0")
    assert main(["bench", *options.split()]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize(("device", "package"), [("h100", "jax-cuda13-pjrt=="), ("v5e", "libtpu")])
def test_a_missing_compiler_is_named_with_its_command(monkeypatch, device, package, capsys):
    monkeypatch.setattr("jtconv.bench.ahead._devices.compiler_version", lambda _: None)
    assert main(["bench", "--compile-for", device]) == 2
    assert f"its compiler is not installed: pip install {package}" in capsys.readouterr().err


def test_the_command_knows_the_parts_and_names_every_device(capsys):
    assert _compile_for.PARTS == PARTS == tuple(TITLES)
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    shown = capsys.readouterr().out.split()
    assert set(DEVICES) <= {word.strip("(),.") for word in shown}


def test_saved_results_have_tables():
    layers, steps = 0, 0
    for path in (ROOT / "benchmarks" / "results" / "ahead").glob("*.json"):
        results = json.loads(path.read_text())
        if path.name.startswith("steps"):
            steps += accelerator_step.tables(results).count("| FCN8, article, ")
        else:
            layers += _report.markdown(results).count("| FCN-32s |")
    assert layers >= 4
    assert steps >= 4
