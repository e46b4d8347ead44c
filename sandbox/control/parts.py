"""The door's acts on the registry and on the cluster."""

import re

from aiohttp import web

from sandbox.control.ci import push_image
from sandbox.control.fields import Fields
from sandbox.control.refusal import DoorError, unknown
from sandbox.control.stage import BEHAVIOURS, NOT_PUSHED, STAGE

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


async def add_image(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository, tag = fields.text("repository"), fields.text("tag")
    behaviour = fields.choice("behaviour", (*BEHAVIOURS, NOT_PUSHED), "ok")
    version, labels = fields.maybe("version"), fields.mapping("labels", None)
    platforms = fields.texts("platforms", None)
    fields.done()
    digest = await push_image(
        stage, repository, tag, behaviour=behaviour, version=version, labels=labels, platforms=platforms
    )
    made = {"image": f"{stage.image_host}/{repository}:{tag}", "digest": digest, "behaviour": behaviour}
    return web.json_response(made, status=201)


async def delete_image(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    repository, tag = fields.text("repository"), fields.text("tag")
    fields.done()
    known = [f"{each.repository}:{each.tag}" for each in stage.registry.images()]
    if f"{repository}:{tag}" not in known:
        raise unknown("image", f"{repository}:{tag}", known)
    stage.registry.delete(repository, tag)
    return web.json_response({"deleted": f"{repository}:{tag}"})


async def add_namespace(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    name = _name(fields.text("name"))
    fields.done()
    await stage.cluster.create_namespace(name)
    return web.json_response({"namespace": name}, status=201)


async def add_deployment(request: web.Request) -> web.Response:
    stage, fields = request.app[STAGE], await Fields.of(request)
    namespace, name = _name(fields.text("namespace")), _name(fields.text("name"))
    container, image = _name(fields.text("container", "web")), fields.text("image")
    replicas = fields.whole("replicas", 2)
    fields.done()
    await stage.cluster.create_deployment(
        namespace=namespace, name=name, container=container, image=image, replicas=replicas
    )
    return web.json_response({"deployment": f"{namespace}/{name}", "image": image}, status=201)


def _name(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise DoorError(422, f"{text!r} is not a name the cluster takes.", "Use a-z, 0-9 and -, at most 63 of them.")
    return text


ROUTES = [
    ("POST", "/_control/images", add_image, "push an image with a behaviour"),
    ("DELETE", "/_control/images", delete_image, "delete an image"),
    ("POST", "/_control/namespaces", add_namespace, "create a namespace"),
    ("POST", "/_control/deployments", add_deployment, "create a Kubernetes Deployment"),
]
