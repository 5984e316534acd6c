#!/usr/bin/env python3
"""Write two small LoRA adapters for the checkpoint qwen3-tied-bf16, with the logits that PEFT computes with them.

    python make_adapters.py

Needs torch, transformers, safetensors and peft. adapters/golden.json holds, for each mixture of adapters and weights, the logits
after the last token of one prompt, in float32.
"""
import json
import pathlib

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent
BASE = HERE / "qwen3-tied-bf16"
PROMPT = [5, 17, 99, 3, 42, 7, 64, 120, 11]

ADAPTERS = {
    "plain": LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "up_proj"]),
    "patterns": LoraConfig(
        r=3,
        lora_alpha=6,
        use_rslora=True,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        rank_pattern={"down_proj": 2, r"layers\.0\.self_attn\.[qk]_proj": 5},
        alpha_pattern={"layers.1.mlp.down_proj": 3, r"layers\.[01]\.self_attn\.o_proj": 9},
    ),
}
MIXTURES = [[], [("plain", 1.0)], [("patterns", 1.0)], [("plain", 1.0), ("patterns", 1.0)], [("plain", 0.5), ("patterns", -2.0)]]


def base():
    return AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32, attn_implementation="eager").eval()


def logits(model):
    with torch.no_grad():
        return model(torch.tensor([PROMPT])).logits[0, -1].float()


def write_gguf(source, target):
    """The layout of llama.cpp's convert_lora_to_gguf.py."""
    import gguf
    from safetensors.numpy import load_file

    names = {"self_attn.q_proj": "attn_q", "self_attn.v_proj": "attn_v", "mlp.up_proj": "ffn_up"}
    writer = gguf.GGUFWriter(target, "qwen3")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(json.loads((source / "adapter_config.json").read_text())["lora_alpha"]))
    for name, tensor in load_file(source / "adapter_model.safetensors").items():
        _, _, _, _, layer, *module, factor, _ = name.split(".")
        writer.add_tensor(f"blk.{layer}.{names['.'.join(module)]}.weight.lora_{factor[-1].lower()}", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    torch.manual_seed(20250804)
    folder = HERE / "adapters"
    for name, config in ADAPTERS.items():
        model = get_peft_model(base(), config)
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                if "lora_" in parameter_name:
                    parameter.copy_(0.15 * torch.randn(parameter.shape))
        model.save_pretrained(folder / name)
        (folder / name / "README.md").unlink(missing_ok=True)
        config_file = folder / name / "adapter_config.json"
        settings = json.loads(config_file.read_text())
        settings["base_model_name_or_path"] = BASE.name
        config_file.write_text(json.dumps(settings, indent=1, sort_keys=True))

    write_gguf(folder / "plain", folder / "plain.gguf")
    cases = []
    for mixture in MIXTURES:
        model = base()
        for number, (name, weight) in enumerate(mixture):
            if number == 0:
                model = PeftModel.from_pretrained(model, folder / name, adapter_name=name)
            else:
                model.load_adapter(folder / name, adapter_name=name)
        if mixture:
            model.base_model.set_adapter([name for name, _ in mixture])
            for name, weight in mixture:
                for module in model.modules():
                    if isinstance(getattr(module, "scaling", None), dict) and name in module.scaling:
                        module.scaling[name] *= weight
        row = logits(model.eval())
        cases.append(dict(adapters=[dict(name=n, weight=w) for n, w in mixture], logits=[round(v, 6) for v in row.tolist()]))
    spread = (torch.tensor(cases[0]["logits"]) - torch.tensor(cases[3]["logits"])).abs().max().item()
    (folder / "golden.json").write_text(json.dumps(dict(made_with="peft, float32", input_ids=PROMPT, cases=cases)))
    print(f"largest change of a logit by both adapters: {spread:.3f}")


if __name__ == "__main__":
    main()
