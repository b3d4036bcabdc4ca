"""What the tests share: time, a world to start builders in, CloudFormation's side of the protocol."""
