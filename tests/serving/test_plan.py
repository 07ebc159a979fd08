"""What fits: the figures of vLLM's recipes, and the arithmetic of a KV cache."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tai.errors import InputError
from tai.serving.folder import read_folder
from tai.serving.hardware import Gpu, read_nvidia, read_rocm
from tai.serving.plan import choose, fit, variants_of
from tai.serving.variants import DEFAULT, VARIANTS

HOPPER, ADA, AMPERE, BLACKWELL = 9.0, 8.9, 8.6, 12.0


def card(total_gb: float, capability: float) -> Gpu:
    return Gpu("card", total_gb, total_gb, capability)


@pytest.mark.parametrize(
    ("size", "gigabytes"),
    [
        ("26B-A4B", {"BF16": 64, "FP8": 32, "NVFP4": 16}),
        ("31B", {"BF16": 75, "4-bit": 19}),
        ("12B", {"BF16": 29, "4-bit": 8}),
        ("E4B", {"BF16": 20, "4-bit": 5}),
        ("E2B", {"BF16": 13, "4-bit": 4}),
    ],
)
def test_what_each_variant_needs_is_as_the_recipes_say(size: str, gigabytes: dict[str, float]) -> None:
    found = {
        variant.precision: variant.least_gb
        for variant in VARIANTS
        if variant.model == f"google/gemma-4-{size}-it"
    }
    assert found == gigabytes


def test_a_token_of_the_default_takes_what_its_layers_keep() -> None:
    shape = variants_of(DEFAULT)[0].shape
    assert shape
    # Five full layers, two heads of 512, keys and values, two bytes each; 25 sliding ones, eight heads of 256.
    assert shape.full_bytes == 5 * 2 * 512 * 2 * 2 == 20_480
    assert shape.sliding_bytes == 25 * 8 * 256 * 2 * 2 == 204_800
    # A long text pays for the window only once; a short one not even that.
    assert shape.session_bytes(100, 2048) == 100 * (20_480 + 204_800)
    assert shape.session_bytes(131_072, 2048) == 131_072 * 20_480 + (1024 + 2048) * 204_800


@pytest.mark.parametrize(
    ("gigabytes", "capability", "repo"),
    [
        (141, HOPPER, DEFAULT),
        (80, HOPPER, "RedHatAI/gemma-4-26B-A4B-it-FP8-dynamic"),  # in BF16 no four sessions of 32k fit
        (48, ADA, "RedHatAI/gemma-4-26B-A4B-it-FP8-dynamic"),
        (80, AMPERE, "RedHatAI/gemma-4-26B-A4B-it-FP8-dynamic"),
        (32, BLACKWELL, "RedHatAI/gemma-4-26B-A4B-it-NVFP4"),
        (24, ADA, "google/gemma-4-12B-it-qat-w4a16-ct"),
        (8, ADA, "google/gemma-4-E4B-it-qat-w4a16-ct"),
    ],
)
def test_the_variant_that_fits_is_chosen(gigabytes: float, capability: float, repo: str) -> None:
    chosen = choose([fit(variant, card(gigabytes, capability)) for variant in variants_of("")])
    assert chosen
    assert chosen.variant.repo == repo
    assert chosen.sessions is None or chosen.sessions >= 1


def test_nothing_fits_a_small_card_and_each_variant_says_why() -> None:
    found = [fit(variant, card(4, ADA)) for variant in variants_of("")]
    assert choose(found) is None
    assert found[0].lacks == "needs 64.0 GB, 3.6 GB can be used"


def test_two_cards_carry_what_one_does_not() -> None:
    (bf16, *_) = variants_of(DEFAULT)
    assert fit(bf16, card(48, AMPERE)).lacks
    both = fit(bf16, card(48, AMPERE), cards=2)
    assert not both.lacks
    assert both.cache_gb == pytest.approx(2 * 48 * 0.9 - 64)


def test_what_others_hold_is_not_planned_with() -> None:
    (bf16, *_) = variants_of(DEFAULT)
    shared = Gpu("card", 100, 80, HOPPER)
    assert shared.share == 0.79
    assert fit(bf16, shared).usable_gb == pytest.approx(79)
    assert card(100, HOPPER).share == 0.9


def test_a_longer_context_leaves_room_for_fewer() -> None:
    (_, fp8, *_) = variants_of(DEFAULT)
    sessions = [fit(fp8, card(48, ADA), context=tokens).sessions or 0 for tokens in (16_384, 32_768, 131_072)]
    assert sessions == sorted(sessions, reverse=True)
    assert sessions[0] > sessions[-1]


def test_what_nvidia_smi_prints_is_read() -> None:
    gpus = read_nvidia(
        "NVIDIA H100 80GB HBM3, 81559, 81003, 9.0\nNVIDIA GeForce RTX 5090, 32607, 32000, 12.0\n"
    )
    assert [gpu.name for gpu in gpus] == ["NVIDIA H100 80GB HBM3", "NVIDIA GeForce RTX 5090"]
    assert gpus[0].total_gb == pytest.approx(85.5, abs=0.1)
    assert [gpu.blackwell for gpu in gpus] == [False, True]


def test_what_rocm_smi_prints_is_read() -> None:
    printed = {
        "card0": {
            "Card Series": "AMD Instinct MI300X",
            "VRAM Total Memory (B)": "206141652992",
            "VRAM Total Used Memory (B)": "1000000000",
        },
        "system": {"Driver version": "6.8"},
    }
    (gpu,) = read_rocm(json.dumps(printed))
    assert (gpu.name, round(gpu.total_gb), round(gpu.free_gb)) == ("AMD Instinct MI300X", 206, 205)
    assert not gpu.blackwell


def test_a_folder_tells_its_shape(tmp_path: Path) -> None:
    config = {
        "model_type": "gemma4",
        "vision_config": {},
        "text_config": {
            "num_hidden_layers": 30,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "num_global_key_value_heads": 2,
            "head_dim": 256,
            "global_head_dim": 512,
            "sliding_window": 1024,
            "max_position_embeddings": 131_072,
            "layer_types": [*["sliding_attention"] * 5, "full_attention"] * 5,
        },
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="no weights"):
        read_folder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(bytes(10**6))
    found = read_folder(tmp_path)
    assert found.shape == variants_of(DEFAULT)[0].shape
    assert (found.gemma4, found.text_only, found.window) == (True, True, 131_072)
    assert found.least_gb == pytest.approx(0.0012)


def test_a_folder_without_a_configuration_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no model's folder"):
        read_folder(tmp_path)
