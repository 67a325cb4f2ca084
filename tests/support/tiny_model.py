"""A GGUF file of a few kilobytes: a language model that says words at random, without end."""

import random
import struct
from pathlib import Path

SAID = ["the", "quiet", "elephant", "commits", "every", "trigger", "before", "tea", "and", "never", "stops"]
WORDS = [f"▁{word}" for word in SAID]
TOKENS = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *WORDS]
UNKNOWN, CONTROL, BYTE, NORMAL = 2, 3, 6, 1
TYPES = [UNKNOWN, CONTROL, CONTROL, *(256 * [BYTE]), *(len(WORDS) * [NORMAL])]

WIDTH, HIDDEN, CONTEXT = 32, 32, 4096
ALIGNMENT = 32

U32, I32, F32, STRING, ARRAY = 4, 5, 6, 8, 9
FORMATS = {U32: "<I", I32: "<i", F32: "<f"}


def write_tiny_model(path: Path) -> Path:
    """Write the file, and return its path."""
    tensors = _tensors(random.Random(7))
    values = [
        _value("general.architecture", STRING, "llama"),
        _value("llama.context_length", U32, CONTEXT),
        _value("llama.embedding_length", U32, WIDTH),
        _value("llama.block_count", U32, 1),
        _value("llama.feed_forward_length", U32, HIDDEN),
        _value("llama.attention.head_count", U32, 2),
        _value("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        _value("tokenizer.ggml.model", STRING, "llama"),
        _array("tokenizer.ggml.tokens", STRING, TOKENS),
        _array("tokenizer.ggml.scores", F32, [-float(number) for number in range(len(TOKENS))]),
        _array("tokenizer.ggml.token_type", I32, TYPES),
        _value("tokenizer.ggml.bos_token_id", U32, 1),
        _value("tokenizer.ggml.eos_token_id", U32, 2),
    ]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values)) + b"".join(values)
    data = b""
    for name, (dimensions, numbers) in tensors.items():
        head += _packed(STRING, name) + struct.pack("<I", len(dimensions))
        head += struct.pack(f"<{len(dimensions)}Q", *dimensions) + struct.pack("<IQ", 0, len(data))
        data += _padded(struct.pack(f"<{len(numbers)}f", *numbers))
    path.write_bytes(_padded(head) + data)
    return path


def _tensors(chance: random.Random) -> dict[str, tuple[list[int], list[float]]]:
    def matrix(columns: int, rows: int) -> tuple[list[int], list[float]]:
        return [columns, rows], [chance.gauss(0, 0.5) for _ in range(columns * rows)]

    ones = [WIDTH], WIDTH * [1.0]
    # What is no word has the score 0, and of so many words some always have a higher one.
    silent = (len(TOKENS) - len(WORDS)) * WIDTH * [0.0]
    block = {f"attn_{name}": matrix(WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
    block |= {f"ffn_{name}": matrix(WIDTH, HIDDEN) for name in ("gate", "up", "down")}
    block |= {"attn_norm": ones, "ffn_norm": ones}
    return {
        "token_embd.weight": matrix(WIDTH, len(TOKENS)),
        "output_norm.weight": ones,
        "output.weight": ([WIDTH, len(TOKENS)], silent + matrix(WIDTH, len(WORDS))[1]),
        **{f"blk.0.{name}.weight": tensor for name, tensor in block.items()},
    }


def _value(key: str, kind: int, value: object) -> bytes:
    return _packed(STRING, key) + struct.pack("<I", kind) + _packed(kind, value)


def _array(key: str, kind: int, values: list[str] | list[float] | list[int]) -> bytes:
    packed = b"".join(_packed(kind, value) for value in values)
    return _packed(STRING, key) + struct.pack("<IIQ", ARRAY, kind, len(values)) + packed


def _packed(kind: int, value: object) -> bytes:
    if kind == STRING:
        text = str(value).encode()
        return struct.pack("<Q", len(text)) + text
    return struct.pack(FORMATS[kind], value)


def _padded(data: bytes) -> bytes:
    return data + -len(data) % ALIGNMENT * b"\0"
