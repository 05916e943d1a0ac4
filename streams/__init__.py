"""What is moved, in order: agents, relay, scheduler and call runners."""
