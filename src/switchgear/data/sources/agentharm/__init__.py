"""AgentHarm: `prompts` is the source, `tools` reads what its tasks are offered."""
