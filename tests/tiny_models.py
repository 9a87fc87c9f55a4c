"""Models of other makers in their real formats, tiny and with random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TIMESTAMP_MS = 80
NUM_TIMESTAMPS = 5000
WHISPER_TEXT_TOKENS = 50257
_SPECIAL = {
    "audio_token": "<|audio_pad|>", "audio_bos_token": "<|audio_start|>",
    "audio_eos_token": "<|audio_end|>",
}  # fmt: skip
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}<|audio_start|><|audio_pad|><|audio_end|>{% endfor %}"
    "{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def qwen3(folder: Path, aligner: bool) -> Path:
    """A Qwen3-ASR, or a Qwen3-ForcedAligner: configuration, weights and processor in `folder`."""
    import torch
    from qwen_asr.core.transformers_backend import (
        Qwen3ASRConfig,
        Qwen3ASRForConditionalGeneration,
        Qwen3ASRProcessor,
    )
    from transformers import WhisperFeatureExtractor

    tokenizer = _byte_tokenizer(folder)
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in _SPECIAL.items()}
    thinker = {
        "audio_config": {
            "num_mel_bins": 128, "encoder_layers": 1, "encoder_attention_heads": 2,
            "encoder_ffn_dim": 32, "d_model": 16, "output_dim": 32, "downsample_hidden_size": 8,
            "n_window": 50, "n_window_infer": 800,
        },
        "text_config": {
            "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
            "head_dim": 16,
            "rope_scaling": {"rope_type": "default", "mrope_section": [4, 2, 2],
                             "mrope_interleaved": True},
        },
        "audio_token_id": ids["audio_token"],
        "audio_start_token_id": ids["audio_bos_token"],
        "audio_end_token_id": ids["audio_eos_token"],
    }  # fmt: skip
    options = {}
    if aligner:
        thinker |= {"model_type": "qwen3_forced_aligner", "classify_num": NUM_TIMESTAMPS}
        options = {
            "timestamp_token_id": tokenizer.convert_tokens_to_ids("<timestamp>"),
            "timestamp_segment_time": TIMESTAMP_MS,
        }
    torch.manual_seed(0)
    model = Qwen3ASRForConditionalGeneration(Qwen3ASRConfig(thinker_config=thinker, **options))
    model.save_pretrained(folder)
    if aligner:  # transformers writes the name of the class; the published file has this one
        config = json.loads((folder / "config.json").read_text("utf-8"))
        config["thinker_config"]["model_type"] = "qwen3_forced_aligner"
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
    Qwen3ASRProcessor(
        WhisperFeatureExtractor(feature_size=128), tokenizer, _TEMPLATE
    ).save_pretrained(folder)
    return folder


def _byte_tokenizer(folder: Path):
    """A byte-level tokenizer of Qwen's class without merges."""
    from transformers import Qwen2TokenizerFast
    from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

    folder.mkdir(parents=True, exist_ok=True)
    tokens = [*bytes_to_unicode().values(), "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    return Qwen2TokenizerFast(
        str(folder / "vocab.json"), str(folder / "merges.txt"), extra_special_tokens=_SPECIAL,
        additional_special_tokens=["<timestamp>", "<|im_start|>", "<|im_end|>", "<asr_text>"],
    )  # fmt: skip


def whisper(folder: Path) -> Path:
    """A multilingual Whisper as faster-whisper reads it: made by transformers, converted."""
    import torch
    from ctranslate2.converters import TransformersConverter
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    original = folder.with_name(f"{folder.name}_original")
    tokenizer = _whisper_tokenizer(original)
    languages, special = _whisper_special_tokens()
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in special}
    config = WhisperConfig(
        vocab_size=len(tokenizer), num_mel_bins=80, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, d_model=16, encoder_ffn_dim=32,
        decoder_ffn_dim=32, decoder_start_token_id=ids["<|startoftranscript|>"],
        eos_token_id=ids["<|endoftext|>"], bos_token_id=ids["<|endoftext|>"],
        pad_token_id=ids["<|endoftext|>"], begin_suppress_tokens=None, suppress_tokens=None,
    )  # fmt: skip
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(config)
    model.generation_config._from_model_config = False  # it would be made anew on loading
    of_whisper = {
        "lang_to_id": {token: ids[token] for token in languages},
        "no_timestamps_token_id": ids["<|notimestamps|>"],
        "alignment_heads": [[0, 0]],
    }
    for name, value in of_whisper.items():
        setattr(model.generation_config, name, value)
    model.save_pretrained(original)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(original)
    TransformersConverter(
        str(original), copy_files=["tokenizer.json", "preprocessor_config.json"]
    ).convert(str(folder))
    return folder


def _whisper_special_tokens() -> tuple[list[str], list[str]]:
    """Those of languages, and all, in the order of their ids."""
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    languages = [f"<|{code}|>" for code in LANGUAGES]
    times = [f"<|{i * 0.02:.2f}|>" for i in range(1501)]
    return languages, [
        "<|endoftext|>", "<|startoftranscript|>", *languages, "<|translate|>", "<|transcribe|>",
        "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", *times,
    ]  # fmt: skip


def _whisper_tokenizer(folder: Path):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import WhisperTokenizerFast
    from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

    vocabulary = {token: i for i, token in enumerate(bytes_to_unicode().values())}
    # CTranslate2 knows a multilingual model by the size of its vocabulary.
    for i in range(WHISPER_TEXT_TOKENS - len(vocabulary)):
        vocabulary[f"word{i}"] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(_whisper_special_tokens()[1])
    made = WhisperTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<|endoftext|>", bos_token="<|endoftext|>",
        eos_token="<|endoftext|>", pad_token="<|endoftext|>",
    )  # fmt: skip
    made.save_pretrained(folder)
    return made


def transducer(folder: Path) -> dict[str, Path]:
    """A Zipformer transducer as icefall exports it for sherpa-onnx: three files and the tokens."""
    import onnx
    import torch
    from torch import Tensor, nn

    vocabulary, width, context = 12, 16, 2
    torch.manual_seed(1)

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(80, width, 8, stride=4)

        def forward(self, x: Tensor, x_lens: Tensor) -> tuple[Tensor, Tensor]:
            return self.conv(x.transpose(1, 2)).transpose(1, 2), (x_lens - 8) // 4 + 1

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, width)

        def forward(self, y: Tensor) -> Tensor:
            return self.embedding(y).mean(dim=1)

    class Joiner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(width, vocabulary)

        def forward(self, encoder_out: Tensor, decoder_out: Tensor) -> Tensor:
            return self.output(torch.tanh(encoder_out + decoder_out)) * 3

    folder.mkdir(parents=True, exist_ok=True)
    parts = {
        "encoder": (Encoder(), (torch.randn(1, 100, 80), torch.tensor([100])),
                    ["x", "x_lens"], ["encoder_out", "encoder_out_lens"],
                    {"x": {0: "N", 1: "T"}, "x_lens": {0: "N"}, "encoder_out": {0: "N", 1: "T"},
                     "encoder_out_lens": {0: "N"}}, {"model_type": "zipformer2", "version": "1"}),
        "decoder": (Decoder(), (torch.zeros(1, context, dtype=torch.int64),), ["y"], ["decoder_out"],
                    {"y": {0: "N"}, "decoder_out": {0: "N"}},
                    {"context_size": str(context), "vocab_size": str(vocabulary)}),
        "joiner": (Joiner(), (torch.randn(1, width), torch.randn(1, width)),
                   ["encoder_out", "decoder_out"], ["logit"],
                   {"encoder_out": {0: "N"}, "decoder_out": {0: "N"}, "logit": {0: "N"}},
                   {"joiner_dim": str(width)}),
    }  # fmt: skip
    paths = {}
    for name, (module, example, inputs, outputs, axes, about) in parts.items():
        path = folder / f"{name}.onnx"
        torch.onnx.export(
            module, example, str(path), input_names=inputs, output_names=outputs, dynamic_axes=axes,
            opset_version=13, dynamo=False,
        )  # fmt: skip
        model = onnx.load(str(path))
        for key, value in about.items():
            model.metadata_props.add(key=key, value=value)
        onnx.save(model, str(path))
        paths[name] = path
    symbols = ["<blk>", "<sos/eos>", "<unk>", *(f"▁{c}" for c in "가나다라마"), *"바사아자"]
    tokens = folder / "tokens.txt"
    tokens.write_text("".join(f"{s} {i}\n" for i, s in enumerate(symbols)), encoding="utf-8")
    return {**paths, "tokens": tokens}


def omnilingual(folder: Path, syllables: str = "가나다라마바사아자차") -> Path:
    """sherpa-onnx's export of an Omnilingual ASR: samples in, logits out, its tokens beside it."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    symbols = ["<s>", "<pad>", "</s>", "<unk>", *syllables, " "]
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((len(symbols), 1, 400)).astype(np.float32) * 0.2
    graph = helper.make_graph(
        [
            helper.make_node("Unsqueeze", ["x", "axis"], ["channels"]),
            helper.make_node("Conv", ["channels", "weights"], ["filtered"], strides=[320]),
            helper.make_node("Transpose", ["filtered"], ["logits"], perm=[0, 2, 1]),
        ],
        "omnilingual",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "num_samples"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "T", len(symbols)])],
        [
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
            numpy_helper.from_array(weights, "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    for key, value in {"model_type": "omnilingual-asr", "version": "1"}.items():
        model.metadata_props.add(key=key, value=value)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.int8.onnx"
    onnx.save(model, str(path))
    lines = [f"{symbol} {i}" if symbol.strip() else f"{i}" for i, symbol in enumerate(symbols)]
    (folder / "tokens.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def transformers_ctc(folder: Path, kind: str = "wav2vec2", symbols: str = "가나다라마바사") -> Path:
    """A CTC model as transformers saves it, of the kind wav2vec2, hubert or wav2vec2-bert."""
    import torch
    from transformers import (
        HubertConfig,
        HubertForCTC,
        SeamlessM4TFeatureExtractor,
        Wav2Vec2BertConfig,
        Wav2Vec2BertForCTC,
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
    )

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = [*symbols, "|", "[UNK]", "[PAD]"]  # the blank is the last, as is usual
    ids = {symbol: i for i, symbol in enumerate(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")
    tokenizer = Wav2Vec2CTCTokenizer(
        str(folder / "vocab.json"), pad_token="[PAD]", unk_token="[UNK]", word_delimiter_token="|"
    )
    tokenizer.save_pretrained(str(folder))
    common: dict[str, Any] = {
        "vocab_size": len(vocabulary), "pad_token_id": ids["[PAD]"], "hidden_size": 16,
        "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
    }  # fmt: skip
    torch.manual_seed(0)
    if kind == "wav2vec2-bert":
        config = Wav2Vec2BertConfig(**common, feature_projection_input_dim=160)
        Wav2Vec2BertForCTC(config).save_pretrained(str(folder))
        SeamlessM4TFeatureExtractor().save_pretrained(str(folder))
        return folder
    common |= {
        "conv_dim": [8] * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2,
    }
    if kind == "hubert":
        HubertForCTC(HubertConfig(**common)).save_pretrained(str(folder))
    else:
        Wav2Vec2ForCTC(Wav2Vec2Config(**common)).save_pretrained(str(folder))
    Wav2Vec2FeatureExtractor().save_pretrained(str(folder))
    return folder
