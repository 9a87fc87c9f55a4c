"""Streaming equals the non-streaming forward of the same causal model."""

import pytest
import torch

from echoharvester.models.ctc import build_model
from echoharvester.models.zipformer.streaming import StreamingZipformer

MODEL = {
    "encoder": "zipformer", "downsampling_factor": [1, 2, 4, 2], "encoder_dim": [32, 48, 64, 48],
    "encoder_unmasked_dim": [32, 32, 32, 32], "num_encoder_layers": [1, 2, 1, 1],
    "num_heads": [2, 4, 2, 2], "feedforward_dim": [64, 96, 64, 64],
    "cnn_module_kernel": [7, 15, 31, 7], "query_head_dim": 8, "value_head_dim": 4,
    "frontend_channels": 8, "causal": True,
}  # fmt: skip


def causal(**changes):
    torch.manual_seed(0)
    model = build_model({**MODEL, **changes}, 20).eval()
    with torch.no_grad():  # away from the initial values, which hide faults by being small
        for name, parameter in model.named_parameters():
            if "chunkwise_conv_scale" in name or "linear_pos" in name or "out_proj" in name:
                parameter.add_(0.2 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize(("chunk_size", "left_context"), [(16, 64), (8, 8), (32, 64)])
def test_chunk_by_chunk_is_the_whole_at_once(chunk_size, left_context):
    model = causal(chunk_size=[chunk_size], left_context_frames=[left_context])
    streaming = StreamingZipformer(model.encoder_embed, model.encoder, chunk_size, left_context)
    chunks = 256 // chunk_size
    frames = chunks * streaming.shift + streaming.num_frames - streaming.shift
    features = torch.randn(2, frames, 80)
    with torch.inference_mode():
        embedded = model.encoder_embed(features, torch.tensor([frames, frames]))
        whole = model.encoder(*embedded)[0]
        state, pieces = streaming.initial_state(2), []
        for k in range(chunks):
            start = k * streaming.shift
            piece, state = streaming(features[:, start : start + streaming.num_frames], state)
            pieces.append(piece)
    streamed = torch.cat(pieces, dim=1)
    assert streamed.shape == (2, chunks * chunk_size // 2, 64)
    torch.testing.assert_close(streamed, whole[:, : streamed.size(1)], atol=2e-5, rtol=1e-4)
    assert state[-1].tolist() == [chunks * chunk_size] * 2


def test_utterances_of_a_batch_may_have_begun_at_different_times():
    model = causal(chunk_size=[16], left_context_frames=[32])
    streaming = StreamingZipformer(model.encoder_embed, model.encoder, 16, 32)
    features = torch.randn(1, 3, streaming.num_frames, 80)
    with torch.inference_mode():
        _, later = streaming(features[:, 0], streaming.initial_state())
        expected, _ = streaming(features[:, 1], later)
        fresh, _ = streaming(features[:, 2], streaming.initial_state())
        mixed = [torch.cat(pair) for pair in zip(later, streaming.initial_state(), strict=True)]
        found, _ = streaming(torch.cat((features[:, 1], features[:, 2])), mixed)
    torch.testing.assert_close(found, torch.cat((expected, fresh)), atol=1e-5, rtol=1e-4)


def test_what_cannot_stream_says_why():
    model = causal()
    parts = model.encoder_embed, model.encoder
    with pytest.raises(ValueError, match="multiple of 4"):
        StreamingZipformer(*parts, 6, 12)
    with pytest.raises(ValueError, match="multiple of chunk_size 16"):
        StreamingZipformer(*parts, 16, 40)
    whole = build_model({**MODEL, "causal": False}, 20)
    with pytest.raises(ValueError, match=r"model\.causal=true"):
        StreamingZipformer(whole.encoder_embed, whole.encoder, 16, 32)
