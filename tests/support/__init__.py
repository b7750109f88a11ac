"""What tests of several rooms share: servers, ports, other people's programs."""
