"""What /metrics says, as vLLM 0.32 printed it after one question, shortened."""

from __future__ import annotations

import pytest

from tai.llm.metrics import Load, read_load

PRINTED = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a \\"quoted\\" } name"} 1.0
vllm:num_requests_running{engine="1",model_name="tiny"} 2.0
vllm:num_requests_waiting{engine="0",model_name="tiny"} 0.0
vllm:kv_cache_usage_perc{engine="0",model_name="tiny"} 0.25
vllm:prefix_cache_queries_total{engine="0",model_name="tiny"} 20.0
vllm:prefix_cache_hits_total{engine="0",model_name="tiny"} 15.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="tiny"} 2.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="tiny"} 0.5
vllm:inter_token_latency_seconds_bucket{engine="0",le="+Inf",model_name="tiny"} 49.0
vllm:inter_token_latency_seconds_count{engine="0",model_name="tiny"} 49.0
vllm:inter_token_latency_seconds_sum{engine="0",model_name="tiny"} 0.49
process_start_time_seconds 1.79e+09
"""


def test_queue_cache_and_speeds_are_read() -> None:
    load = read_load(PRINTED)
    assert (load.running, load.waiting, load.cache_used, load.cache_hits) == (3, 0, 0.25, 0.75)
    assert load.first_token_s == 0.25
    assert load.tokens_s == pytest.approx(100)


@pytest.mark.parametrize(
    "text",
    ["", "<html>nothing here</html>", "vllm:num_requests_running NaN\n", "vllm:num_requests_running\n"],
)
def test_what_is_not_said_stays_unknown(text: str) -> None:
    assert read_load(text) == Load()
