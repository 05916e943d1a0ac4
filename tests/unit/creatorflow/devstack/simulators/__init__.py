"""The simulators of devstack, in process."""
