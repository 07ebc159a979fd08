"""Writes the folder of a model with Gemma 4 26B-A4B's shape and no weights: `python -m tests.vllm.large_shape FOLDER`.

Run by the interpreter of a vLLM, never by tai's, for `make bench-gpu`. Shape: google-deepmind/gemma, gemma/gm/nn/gemma4/_gemma4.py, and the model's
own config.json, language part only.
"""

from __future__ import annotations

import sys
from pathlib import Path

from transformers import Gemma4TextConfig

from tests.vllm.tiny_model import train_tokenizer

LAYERS, EVERY = 30, 6  # every sixth layer looks at the whole text, the last one too


def shape(end: int) -> Gemma4TextConfig:
    """The language part of the 26B-A4B. end: the token that closes a turn."""
    return Gemma4TextConfig(
        vocab_size=262_144,
        vocab_size_per_layer_input=262_144,
        hidden_size=2816,
        intermediate_size=2112,
        moe_intermediate_size=704,
        enable_moe_block=True,
        num_experts=128,
        top_k_experts=8,
        num_hidden_layers=LAYERS,
        num_attention_heads=16,
        num_key_value_heads=8,
        num_global_key_value_heads=2,
        attention_k_eq_v=True,
        head_dim=256,
        global_head_dim=512,
        hidden_size_per_layer_input=0,
        layer_types=[
            "full_attention" if n % EVERY == EVERY - 1 else "sliding_attention" for n in range(LAYERS)
        ],
        sliding_window=1024,
        max_position_embeddings=262_144,
        final_logit_softcapping=30.0,
        pad_token_id=0,
        eos_token_id=[1, end],
        bos_token_id=2,
        tie_word_embeddings=True,
        architectures=["Gemma4ForCausalLM"],
        dtype="bfloat16",
    )


def main() -> None:
    folder = Path(sys.argv[1])
    tokenizer = train_tokenizer(folder, [])
    shape(tokenizer.convert_tokens_to_ids("<turn|>")).save_pretrained(folder)


if __name__ == "__main__":
    main()
