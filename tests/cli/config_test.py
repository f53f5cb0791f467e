#!/usr/bin/env python3
"""The YAML configuration: the reference's form is taken, and what is wrong is named with its line."""

import json
import unittest

from tool import SIMULATED, ToolTest

# Every section of the reference's configuration.
COMPLETE = """\
user_templates:
  chatbot: {context_range: [100, 200], generation_range: [1, 2], think_time_range: [0.5, 1.5]}
  coding: {context_range: [300, 400]}
generation_timing: {none: 0.0, fast: 0.001, realistic: 0.02}
prefill_timing: {fast: 0.1}
qos_profiles:
  interactive: {target_latency_p95_ms: 10, target_latency_p99_ms: 20, target_latency_p999_ms: 30,
                target_latency_p9999_ms: 40, priority: 3}
qos_distribution: {interactive_probability: 0.2, responsive_threshold: 0.6}
eviction: {max_recursion_depth: 10, target_usage_ratio: 0.7, large_entry_limit_ratio: 0.9,
           max_evictions_hard_cap: 5000, max_evictions_min: 1000}
gpu_backend: {memory_fraction: 0.9, max_eviction_attempts: 100, free_memory_threshold: 0.1}
prefix_cache: {min_prefix_length: 50, max_prefix_entries: 1000, system_prompt_hit_probability: 0.3}
rag: {chunk_size_tokens: 256, top_k_chunks: 3, max_chunk_bytes: 1048576, request_probability: 0.2,
      retrieval_distribution: uniform, max_documents: 0, large_model_doc_tokens_min: 10,
      large_model_doc_tokens_max: 20, small_model_doc_tokens_min: 30, small_model_doc_tokens_max: 40}
conversation: {max_conversations: 99, max_turns_per_conv: 7, end_conversation_probability: 0.4}
autoscaler: {min_users: 2, max_users: 50, scale_up_factor: 1.5, scale_down_factor: 0.5,
             consecutive_samples_required: 3}
decode: {batch_size: 16}
sharegpt: {max_context_tokens: 1000, max_generation_tokens: 100, chars_per_token_estimate: 3}
saturation_detection: {read_latency_p95_threshold_ms: 80, write_latency_p95_threshold_ms: 50,
                       queue_depth_threshold: 100, history_window_size: 10}
validation_limits: {max_users: 1000, max_duration_seconds: 3600, max_gpu_memory_gb: 1024, max_cpu_memory_gb: 16384}
model_configs:
  mine: {name: "My model", num_layers: 2, hidden_dim: 64, num_heads: 4, kv_heads: 2, dtype: float32}
  latent: {num_layers: 3, attention_type: mla, kv_lora_rank: 16, qk_rope_head_dim: 8, dtype: int8}
"""


class Config(ToolTest):
    def test_every_section_reaches_the_run(self):
        name = self.write("all.yaml", COMPLETE)
        run = self.succeeds("run", *SIMULATED, "--config", name, "--model", "mine", "--output", "out.json")
        options = self.read_json("out.json")["kvmark"]["options"]
        workload = options["workload"]
        self.assertEqual(workload["user_templates"]["chatbot"]["think_time_range"], [0.5, 1.5])
        self.assertEqual(workload["user_templates"]["coding"]["context_range"], [300, 400])
        self.assertEqual(workload["user_templates"]["coding"]["generation_range"], [100, 500])  # not given
        self.assertEqual(workload["generation_timing"]["realistic"], 0.02)
        self.assertEqual(workload["qos_profiles"]["interactive"]["target_latency_p9999_ms"], 40)
        self.assertEqual(workload["qos_distribution"]["responsive_threshold"], 0.6)
        self.assertEqual(workload["eviction"], {"target_usage_ratio": 0.7, "large_entry_limit_ratio": 0.9})
        self.assertEqual(workload["rag"]["retrieval_distribution"], "uniform")
        self.assertEqual(workload["rag"]["small_model_doc_tokens"], [30, 40])
        self.assertEqual(workload["conversation"]["max_turns_per_conv"], 7)
        self.assertEqual(workload["decode"]["batch_size"], 16)
        self.assertEqual(workload["saturation_detection"]["read_latency_p95_threshold_ms"], 80)
        self.assertEqual(options["model"]["bytes_per_token"], 2 * 2 * 2 * 16 * 4)
        for key in ["prefill_timing", "gpu_backend.memory_fraction", "eviction.max_recursion_depth",
                    "qos_profiles.interactive.priority"]:
            self.assertIn(key, run.stderr)
        self.assertEqual(run.stderr.count("without effect"), 1, "one line for all of them")

    def test_unknown_keys_are_refused_with_line_and_nearest_name(self):
        name = self.write("bad.yaml", "decode:\n  batch_sise: 3\nuser_template:\n  x: 1\nrag: {top_k: 2, zzzzzz: 1}\n")
        said = self.refused(
            "run", "--config", name, "--num-users", "0",
            saying=[
                "bad.yaml:2: unknown key batch_sise in decode; did you mean batch_size?",
                "bad.yaml:3: unknown key user_template; did you mean user_templates?",
                "bad.yaml:5: unknown key top_k in rag",
                "bad.yaml:5: unknown key zzzzzz in rag",
                "--num-users 0",
            ],
        )
        self.assertNotIn("zzzzzz in rag;", said)

    def test_values_of_the_wrong_kind_or_range(self):
        name = self.write(
            "bad.yaml",
            "decode: {batch_size: -3}\nrag: {top_k_chunks: 99}\nconversation: {end_conversation_probability: 2}\n"
            "user_templates: {chatbot: {context_range: [5, 3]}, coding: {context_range: 7}}\ngeneration_timing: 3\n"
            "model_configs: {m: {num_layers: 2, dtype: float15}}\nqos_distribution: {interactive_probability: 0.9}\n",
        )
        self.refused(
            "run", "--config", name,
            saying=[
                "bad.yaml:1: decode.batch_size -3: must be an integer of at least 1",
                "bad.yaml:2: rag.top_k_chunks 99: must be an integer, 1..16",
                "bad.yaml:3: conversation.end_conversation_probability 2: must be a number, 0.0..1.0",
                "bad.yaml:4: user_templates.chatbot.context_range: must be [min, max], and its minimum",
                "bad.yaml:4: user_templates.coding.context_range 7: must be [min, max]",
                "bad.yaml:5: generation_timing: must be a mapping",
                "bad.yaml:6: model_configs.m.dtype float15: must be float32, float16, bfloat16 or int8",
                "bad.yaml:6: model_configs.m lacks kv_heads",
                "interactive_probability is above responsive_threshold",
            ],
        )

    def test_files_that_are_no_configuration(self):
        self.refused("run", "--config", "missing.yaml", saying=["missing.yaml: cannot be read"])
        self.refused("run", "--config", ".", saying=["--config .: cannot be read"])
        self.refused("run", "--config", self.write("b.yaml", "a: [1,\nb"), saying=["b.yaml:"])
        self.dry_run("--config", self.write("empty.yaml", ""))

    def test_the_limits_of_a_site(self):
        name = self.write("limits.yaml", "validation_limits: {max_users: 10, max_cpu_memory_gb: 4}\n")
        self.refused("run", "--config", name, "--num-users", "11",
                     saying=["--num-users: above validation_limits.max_users of limits.yaml", "--cpu-mem-gb: above"])

    def test_configured_models_are_listed_and_suggested(self):
        name = self.write("all.yaml", COMPLETE)
        models = {m["name"]: m for m in json.loads(self.succeeds("models", "--json", "--config", name).stdout)}
        self.assertEqual(models["latent"]["bytes_per_token"], 3 * (16 + 8))
        self.assertEqual(models["deepseek-v3"]["bytes_per_token"], 70272)
        self.refused("run", "--config", name, "--model", "latend", saying=["did you mean latent?"])


if __name__ == "__main__":
    unittest.main()
