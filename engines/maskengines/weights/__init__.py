"""Networks that others trained: found on this computer or on the hub, checked, and read without their code."""
