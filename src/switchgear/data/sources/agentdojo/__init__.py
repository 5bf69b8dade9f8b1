"""AgentDojo (https://github.com/ethz-spylab/agentdojo, MIT): agents, and injections in what their tools return.

`suites` generates traces from the task suites; `runs` reads the recorded runs of real models.
"""
