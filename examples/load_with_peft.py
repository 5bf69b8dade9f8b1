"""The adapter of a run in plain transformers and PEFT: nothing of Switchgear is imported.

python examples/load_with_peft.py MODEL RUN/adapter "a request"
"""

import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

name, adapter, request = sys.argv[1:4]
tokenizer = AutoTokenizer.from_pretrained(name)
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(name), adapter).eval()
messages = [{"role": "user", "content": request}]
asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)


def answer() -> str:
    with torch.inference_mode():
        tokens = model.generate(**asked, max_new_tokens=60, do_sample=False)
    return tokenizer.decode(tokens[0, asked["input_ids"].shape[1] :], skip_special_tokens=True)


with model.disable_adapter():
    print("frozen: ", answer())
print("adapted:", answer())
