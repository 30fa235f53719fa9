"""Side panels: engine form, candidates, jobs, history."""
