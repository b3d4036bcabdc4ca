"""CloudFormation's side: the request, the response, and crhelper between them."""
