"""An OpenAI-compatible proxy that stops answers which come apart, in front of any server. It loads no model."""
