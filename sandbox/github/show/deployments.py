"""Deployments, their statuses, environments, comments and reactions as JSON."""

from sandbox.github.model import JSON, Repository
from sandbox.github.records import Comment, Deployment, DeploymentStatus, Environment, Reaction
from sandbox.github.show.accounts import show_account, show_app
from sandbox.github.urls import Urls, node_id, stamp

REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def show_deployment(urls: Urls, deployment: Deployment) -> JSON:
    api = urls.repo(deployment.repository)
    return {
        "url": f"{api}/deployments/{deployment.id}",
        "id": deployment.id,
        "node_id": node_id("DE_", deployment.id),
        "task": deployment.task,
        "original_environment": deployment.original_environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "created_at": stamp(deployment.created_at),
        "updated_at": stamp(deployment.updated_at),
        "statuses_url": f"{api}/deployments/{deployment.id}/statuses",
        "repository_url": api,
        "creator": show_account(urls, deployment.creator),
        "sha": deployment.sha,
        "ref": deployment.ref,
        "payload": deployment.payload,
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
        "performed_via_github_app": show_app(urls, deployment.app) if deployment.app else None,
    }


def show_deployment_status(urls: Urls, deployment: Deployment, status: DeploymentStatus) -> JSON:
    api = urls.repo(deployment.repository)
    return {
        "url": f"{api}/deployments/{deployment.id}/statuses/{status.id}",
        "id": status.id,
        "node_id": node_id("DES_", status.id),
        "state": status.state,
        "creator": show_account(urls, status.creator),
        "description": status.description,
        "environment": status.environment,
        "target_url": status.log_url,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
        "deployment_url": f"{api}/deployments/{deployment.id}",
        "repository_url": api,
        "environment_url": status.environment_url,
        "log_url": status.log_url,
        "performed_via_github_app": show_app(urls, status.app) if status.app else None,
    }


def show_environment(urls: Urls, repository: Repository, environment: Environment) -> JSON:
    return {
        "id": environment.id,
        "node_id": node_id("EN_", environment.id),
        "name": environment.name,
        "url": f"{urls.repo(repository)}/environments/{environment.name}",
        "html_url": f"{urls.page(repository)}/deployments/activity_log?environments_filter={environment.name}",
        "created_at": stamp(environment.created_at),
        "updated_at": stamp(environment.created_at),
        "protection_rules": [],
        "deployment_branch_policy": None,
    }


def show_comment(urls: Urls, comment: Comment) -> JSON:
    api = urls.repo(comment.repository)
    url = f"{api}/issues/comments/{comment.id}"
    counts = {name: sum(seen.content == name for seen in comment.reactions) for name in REACTIONS}
    return {
        "url": url,
        "html_url": f"{urls.page(comment.repository)}/pull/{comment.number}#issuecomment-{comment.id}",
        "issue_url": f"{api}/issues/{comment.number}",
        "id": comment.id,
        "node_id": node_id("IC_", comment.id),
        "user": show_account(urls, comment.user),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "author_association": "NONE" if comment.app else "MEMBER",
        "body": comment.body,
        "reactions": {"url": f"{url}/reactions", "total_count": len(comment.reactions)} | counts,
        "performed_via_github_app": show_app(urls, comment.app) if comment.app else None,
    }


def show_reaction(urls: Urls, reaction: Reaction) -> JSON:
    return {
        "id": reaction.id,
        "node_id": node_id("REA_", reaction.id),
        "user": show_account(urls, reaction.user),
        "content": reaction.content,
        "created_at": stamp(reaction.created_at),
    }
