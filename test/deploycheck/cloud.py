"""Serves as much of AWS as a deployment needs: moto, with what its CloudFormation
lacks. It prints the port at which it listens.

- The transform AWS::Serverless-2016-10-31 is performed by SAM's own translator, as
  CloudFormation performs it when a change set is made.
- Resources of types that moto does not know are names without anything behind
  them, but for the policies of queues and the HTTP API, which are made through
  moto's own interfaces. /stand-ins lists the types.
- A stack that a change set has made or changed has the outputs and tags of that
  change set.
"""

import inspect
import json
import warnings

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, CloudFormationBackend
from moto.core.common_models import CloudFormationModel
from moto.server import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import sqs_backends
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
from werkzeug.serving import make_server

MACRO = "AWS::Serverless-2016-10-31"


class StandIn(CloudFormationModel):
    """A resource that is a name: of a type that moto's CloudFormation does not know."""

    __module__ = "moto.stand_ins.models"  # moto files its models by the second part

    types = set()

    def __init__(self, name, attributes=None):
        self.physical_resource_id = name
        self.attributes = attributes or {}

    @classmethod
    def has_cfn_attr(cls, attr):
        return True

    def get_cfn_attribute(self, attr):
        return self.attributes.get(attr, f"{self.physical_resource_id}.{attr}")

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        kind, properties = cloudformation_json["Type"], cloudformation_json["Properties"]
        if kind == "AWS::SQS::QueuePolicy":
            for url in properties["Queues"]:
                policy = {"Policy": json.dumps(properties["PolicyDocument"])}
                sqs_backends[account_id][region_name].set_queue_attributes(url.rsplit("/", 1)[1], policy)
        elif kind == "AWS::ApiGatewayV2::Api":
            backend = apigatewayv2_backends[account_id][region_name]
            arguments = dict.fromkeys(list(inspect.signature(backend.create_api).parameters))
            api = backend.create_api(**{**arguments, "name": "", "protocol_type": "HTTP"})
            backend.reimport_api(api.api_id, json.dumps(properties["Body"]), fail_on_warnings=True)
            return cls(api.api_id, {"ApiEndpoint": f"https://{api.api_id}.execute-api.{region_name}.amazonaws.com"})
        else:
            cls.types.add(kind)
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, *args, **kwargs):
        return original_resource


def known_or_stand_in(resource_type):
    return known(resource_type) or StandIn


known = parsing.resource_class_from_type
parsing.resource_class_from_type = known_or_stand_in


class ManagedPolicies:
    """The template names none."""

    def load(self):
        return {}


def transformed(template, parameters):
    document = yaml_parse(template)
    if document.get("Transform") != MACRO:
        return template
    return json.dumps(transform(document, dict(parameters), ManagedPolicies()))


def create_change_set(self, *args, template, parameters, **kwargs):
    return create(self, *args, template=transformed(template, parameters), parameters=parameters, **kwargs)


create = CloudFormationBackend.create_change_set
CloudFormationBackend.create_change_set = create_change_set


def apply(self):
    applied(self)
    self.stack.parameters, self.stack.tags = self.parameters, self.tags
    self.stack.template_dict = self.template_dict
    self.stack.output_map = self.stack._create_output_map()


applied = ChangeSet.apply
ChangeSet.apply = apply


class Application(DomainDispatcherApplication):
    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/stand-ins":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(sorted(StandIn.types)).encode()]
        return super().__call__(environ, start_response)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    server = make_server("127.0.0.1", 0, Application(create_backend_app), threaded=True)
    print(server.port, flush=True)
    server.serve_forever()
