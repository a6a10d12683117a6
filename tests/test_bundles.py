"""Bundles issued by a TPU program, counted from schedules written by hand."""

from pathlib import Path

import pytest

from jtconv.bench.ahead._bundles import DELAY_SLOTS, issued, run
from jtconv.bench.ahead._schedule import parse


def schedule(*bundles: str) -> str:
    """The text of a schedule, a bundle's instructions in each argument, its comment after `# `."""
    lines = []
    for index, bundle in enumerate(bundles):
        instructions, _, comment = bundle.partition("# ")
        lines.append(f"{index:#6x}   : > {{ {instructions} }} /* {comment} */")
    return "= control target key start\n\n" + "\n".join(lines)


SLOTS = [""] * DELAY_SLOTS


def loop(trips: int, compare: str = "lt.s32.totalorder") -> str:
    """Two bundles before a loop of seven, and one after it."""
    return schedule(
        "",
        "%s1_s0 = smov.u32 0",
        "%s4_s0 = sphi %s1_s0, %s2_s0  ;;  %s2_s0 = sadd.s32 1, %s4_s0 # Start region 7 :: Start region 8",
        f"%p3_p1 = scmp.{compare} %s2_s0, {trips}  ;;  %s9_s9 = smul.u32 %s9_s9, %s2_s0",
        "%5 = sbr.rel (%p3_p1) target = $region7",
        *SLOTS,
        "# Start region 9",
    )


@pytest.mark.parametrize("trips", [1, 2, 1000])
def test_a_loop_issues_its_bundles_and_its_delay_slots_once_a_trip(trips):
    count = run(parse(loop(trips)))
    assert (count.bundles, count.doubtful) == (2 + 7 * trips + 1, 0)


def test_comparisons_are_signed_only_where_they_say_so():
    assert run(parse(loop(2**32 - 3))).bundles == 2 + 7 + 1  # 1 is not less than -3
    assert run(parse(loop(2**32 - 3, "ge.u32.totalorder"))).bundles == 2 + 7 + 1


def skip(condition: str) -> str:
    """A branch that passes over ten bundles if the condition holds."""
    return schedule(
        "%s1_s1 = smov.u32 6",
        condition,
        "%3 = sbr.rel (!%p2_p2) target = $region4  ;;  %s5_s1 = smov.u32 (%p2_p2), 7",
        *SLOTS,
        *[""] * 10,
        "# Start/End empty region 4",
    )


@pytest.mark.parametrize(
    ("condition", "bundles"),
    [("%p2_p2 = scmp.eq.s32.totalorder %s1_s1, 6", 18), ("%p2_p2 = scmp.ne.s32.totalorder %s1_s1, 6", 8)],
)
def test_a_forward_branch_passes_over_what_is_between(condition, bundles):
    assert run(parse(skip(condition))).bundles == bundles


def test_a_branch_on_what_is_unknown_falls_through_and_is_doubtful():
    count = run(parse(skip("%s6_s3 = sld [smem:[%s8_s8]]  ;;  %p2_p2 = scmp.eq.s32.totalorder %s6_s3, 6")))
    assert (count.bundles, count.doubtful) == (18, 1)


def test_operands_are_read_before_anything_of_the_bundle_is_written():
    swap = "%s3_s1 = smov.u32 %s2_s2  ;;  %s4_s2 = smov.u32 %s1_s1"
    text = schedule(
        "%s1_s1 = smov.u32 5  ;;  %s2_s2 = smov.u32 8",
        swap,
        "%p5_p0 = scmp.gt.s32.totalorder %s3_s1, %s4_s2",
        "%6 = sbr.rel (%p5_p0) target = $region1",
        *SLOTS,
        *[""] * 10,
        "# Start/End empty region 1",
    )
    assert run(parse(text)).bundles == 9


def test_a_guarded_move_keeps_what_was_there_and_memory_gives_back_what_was_spilled():
    text = schedule(
        "%s1_s1 = smov.u32 5  ;;  %p1_p1 = scmp.lt.s32.totalorder 3, 2",
        "%s2_s1 = smov.u32 (%p1_p1, %s1_s1), 0 /* copy for cssa */",
        "%3 = sst [smem:[#allocation8_spill]] %s2_s1",
        "%s4_s1 = smov.u32 9",
        "%s5_s7 = sld [smem:[#allocation8_spill]] /* reload */",
        "%p5_p0 = scmp.eq.s32.totalorder %s5_s7, 5",
        "%6 = sbr.rel (%p5_p0) target = $region1",
        *SLOTS,
        *[""] * 10,
        "# Start/End empty region 1",
    )
    assert run(parse(text)).bundles == 12


def written(folder: Path, top: str, **operations: str) -> Path:
    for name, text in {"TLP": top, **operations}.items():
        (folder / f"1796-{name}-01-final_bundles.txt").write_text(text)
    return folder


def test_a_program_is_what_calls_its_operations_and_they(tmp_path):
    call = "%7 = inlined_call %s1_s0, %s2_s1 /* %copy = copy(%fusion) */"
    result = issued(written(tmp_path, schedule(call, "", call), copy=loop(10)))
    assert result.by_operation == {"TLP": 3, "copy": 2 * 73}
    assert (result.bundles, result.doubtful) == (149, 0)


def test_an_operation_like_another_has_the_other_s_text_or_is_doubtful(tmp_path):
    calls = [f"%7 = inlined_call %s1_s0 /* %copy.{n} = copy(%x) */" for n in (1, 2, 3)]
    lines = [f"  %copy.{n} = f32[{size},8]{{1,0:T(8,128)}} copy(%x)" for n, size in ((1, 4), (2, 4), (3, 5))]
    folder = written(tmp_path, schedule(*calls), **{"copy.1": loop(10)})
    (folder / "1796-TLP-hlo.txt").write_text("\n".join(["  %x = f32[4,8]{0,1} parameter(0)", *lines]))
    result = issued(folder)
    assert result.by_operation == {"TLP": 3, "copy.1": 73, "copy.2": 73, "copy.3": 0}
    assert result.doubtful == 1


def test_a_division_gives_its_quotient_and_then_its_remainder():
    text = schedule(
        "%s1_s1 = smov.u32 17",
        "%2 = sdivrem.u32 %s1_s1, 5 /* kDivAndRem */",
        "%s3_s1 = smov.u32 0",
        "%s4_s4 = spop.drf %2 ",
        "%s5_s5 = spop.drf %2 ",
        "%s6_s6 = smul.u32 10, %s4_s4",
        "%s7_s7 = sadd.s32 %s6_s6, %s5_s5",
        "%p5_p0 = scmp.eq.s32.totalorder %s7_s7, 32",
        "%6 = sbr.rel (%p5_p0) target = $region1",
        *SLOTS,
        *[""] * 10,
        "# Start/End empty region 1",
    )
    count = run(parse(text))
    assert (count.bundles, count.doubtful) == (14, 0)
