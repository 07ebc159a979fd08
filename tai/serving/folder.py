"""A model in a folder of this machine: what its config.json says about shape, window and kind. Nothing is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tai.errors import InputError
from tai.serving.variants import Shape, Variant

# What the recipes' figures are over the size of the weights.
_WORKING: Final = 1.2


def read_folder(folder: Path) -> Variant:
    """The variant that the folder holds. Raises InputError where it is no model."""
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        text = config.get("text_config") or config
        window, kind = int(text.get("max_position_embeddings", 0)), str(config.get("model_type", ""))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{folder} is no model's folder: {file} cannot be read ({error}).") from None
    weights = sum(part.stat().st_size for part in folder.glob("*.safetensors"))
    if not weights:
        raise InputError(
            f"{folder} holds no weights (*.safetensors); was the download complete, are links whole?"
        )
    name = str(folder.resolve())
    return Variant(
        name,
        name,
        "as stored",
        weights * _WORKING / 1e9,
        _shape(text),
        window=window,
        gemma4=kind.startswith("gemma4"),
        text_only="vision_config" in config,
    )


def _shape(text: dict[str, Any]) -> Shape | None:
    try:
        layers, heads = int(text["num_hidden_layers"]), int(text["num_attention_heads"])
        kv_heads = int(text.get("num_key_value_heads") or heads)
        width = int(text.get("head_dim") or text["hidden_size"] // heads)
        own = layers - int(text.get("num_kv_shared_layers") or 0)
        kinds = (text.get("layer_types") or ["full_attention"] * layers)[:own]
        sliding = kinds.count("sliding_attention")
        if kinds.count("full_attention") + sliding != own:
            return None  # another kind of layer, of which this does not know the state
        return Shape(
            full=own - sliding,
            full_heads=int(text.get("num_global_key_value_heads") or kv_heads),
            full_width=int(text.get("global_head_dim") or width),
            sliding=sliding,
            sliding_heads=kv_heads,
            sliding_width=width,
            window=int(text.get("sliding_window") or 0),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
