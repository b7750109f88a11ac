"""The client, without sockets: fake servers, a clock, and packets written by hand."""
