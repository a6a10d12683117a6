"""A model is loaded as it was saved; one at fault is named."""

import json
import re

import pytest
from fcn_models import SETTINGS, drawn_model
from numpy.testing import assert_array_equal

from experiments.errors import UserError
from experiments.fcn.saved_model import ARRAYS, DESCRIPTION, load_model, save_model
from jtconv.models._model import arrays_of

pytestmark = pytest.mark.usefixtures("single_precision")


def test_a_model_is_loaded_as_it_was_saved(run, model):
    loaded = load_model(run)
    assert loaded.network == model.network
    assert (loaded.classes, loaded.signature) == (model.classes, model.signature)
    assert "encoder.stages.0.convs.0.conv.kernel" in arrays_of(loaded)
    for (name, one), other in zip(arrays_of(loaded).items(), arrays_of(model).values(), strict=True):
        assert_array_equal(one, other, err_msg=name)


def edit(change):
    def damage(folder):
        file = folder / DESCRIPTION
        values = json.loads(file.read_text())
        change(values)
        file.write_text(json.dumps(values))

    return damage


def halve(name):
    def damage(folder):
        file = folder / name
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return damage


def of_another_run(folder):
    save_model(drawn_model(seed=1), SETTINGS, folder.parent)
    (folder.parent / ARRAYS).replace(folder / ARRAYS)


MODEL_AT_FAULT = {
    "no description": (lambda folder: (folder / DESCRIPTION).unlink(), "model.json is missing"),
    "no arrays": (lambda folder: (folder / ARRAYS).unlink(), "model.safetensors is missing"),
    "description halved": (halve(DESCRIPTION), "model.json is damaged"),
    "arrays halved": (halve(ARRAYS), "its digest differs"),
    "arrays of another run": (of_another_run, "its digest differs"),
    "not an object": (lambda folder: (folder / DESCRIPTION).write_text("[1]"), "model.json is damaged"),
    "deep": (lambda folder: (folder / DESCRIPTION).write_text("[" * 100_000), "model.json is damaged"),
    "endless channels": (edit(lambda x: x["signature"].update(in_ch=float("inf"))), "model.json is damaged"),
    "later format": (edit(lambda x: x.update(format=2)), "has format 2, not 1"),
    "unknown setting": (edit(lambda x: x["network"].update(colour=1)), "model.json is damaged"),
    "setting out of bounds": (edit(lambda x: x["network"].update(width=0)), "`width` must be at least 1"),
    "unknown decoder": (edit(lambda x: x["network"].update(decoder="fcn7")), "model.json"),
    "fewer names": (edit(lambda x: x["classes"]["names"].pop()), "3 names and 4 colours of 4 classes"),
    "no colour": (edit(lambda x: x["classes"].update(colours=["red"] * 4)), "'red' is not #rrggbb"),
    "background": (edit(lambda x: x["classes"].update(background=4)), "background 4 is none of 4 classes"),
    "other channels": (edit(lambda x: x["network"].update(head_ch=3)), "model.safetensors has 'conv6"),
}


@pytest.mark.parametrize(("damage", "message"), MODEL_AT_FAULT.values(), ids=MODEL_AT_FAULT)
def test_a_model_at_fault_is_a_problem(run, damage, message):
    damage(run)
    with pytest.raises(UserError, match=re.escape(message)):
        load_model(run)
