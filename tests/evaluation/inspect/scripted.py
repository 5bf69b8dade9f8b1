"""Models for Inspect that answer what a test tells them to."""

from inspect_ai.model import ModelUsage, get_model


def model(reply):
    """`reply(messages, tools, tool_choice, config)` gives each output. Without a usage, Inspect asks the network."""

    def counted(*asked):
        output = reply(*asked)
        output.usage = output.usage or ModelUsage()
        return output

    return get_model("mockllm/model", custom_outputs=counted, memoize=False)
