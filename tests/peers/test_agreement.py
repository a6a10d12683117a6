"""A tenth of what `python -m tests.checks.agreement` compares; a peer that is missing fails."""

import pytest

from tests.checks.agreement import registry
from tests.checks.agreement.compared import compare

PARTS = 4  # so that pytest's workers share a peer


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", registry.NAMES)
def test_agreement(name, part):
    peer = registry.peer(name)
    outcomes = [compare(peer, c) for c in registry.chosen(peer, every=10)[part::PARTS]]
    assert len(outcomes) > 10
    assert any(o.kind == "compared" for o in outcomes)
    failures = [f"{o.configuration}: {o.words}" for o in outcomes if o.kind == "failure"]
    assert not failures, "\n".join(failures)
