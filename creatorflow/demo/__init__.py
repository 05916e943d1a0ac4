"""The demo: real purchases sent as signed webhooks, a panel while they flow, and a report backed by an audit."""
