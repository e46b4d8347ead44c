"""The cluster's own certificates, tokens and kubeconfig, new for every cluster."""

import datetime as dt
import ipaddress
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """Paths of what the parts of the cluster identify themselves with."""

    folder: Path
    token: str
    """Of a cluster administrator."""

    def path(self, name: str) -> Path:
        return self.folder / name

    @property
    def authority(self) -> Path:
        return self.path("ca.crt")

    @classmethod
    def make(cls, folder: Path) -> "Keys":
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = cls(folder=folder, token=secrets.token_urlsafe(24))
        _write_certificates(keys)
        account = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        _write_key(keys.path("sa.key"), account)
        public = serialization.PublicFormat.SubjectPublicKeyInfo
        keys.path("sa.pub").write_bytes(account.public_key().public_bytes(serialization.Encoding.PEM, public))
        keys.path("tokens.csv").write_text(f'{keys.token},admin,admin,"system:masters"\n')
        return keys

    def write_kubeconfig(self, path: Path, url: str) -> Path:
        """A kubeconfig for the administrator; JSON, which is YAML too."""
        cluster = {"server": url, "certificate-authority": str(self.authority)}
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "testbed",
            "clusters": [{"name": "testbed", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "admin"}}],
        }  # fmt: skip
        path.touch(mode=0o600)
        path.write_text(json.dumps(document, indent=1))
        return path


def _write_certificates(keys: Keys) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "testbed-ca")])
    ours = x509.BasicConstraints(ca=True, path_length=None)
    signs = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    authority = _certificate(name, name, authority_key).add_extension(ours, critical=True)
    authority = authority.add_extension(signs, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = authority.add_extension(identifier, critical=False)
    _write_certificate(keys.authority, authority.sign(authority_key, hashes.SHA256()))

    server_key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "apiserver")])
    names = [x509.DNSName(host) for host in ("localhost", "kubernetes", "kubernetes.default.svc")]
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "10.96.0.1")]
    server = _certificate(subject, name, server_key)
    server = server.add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    server = server.add_extension(issuer, critical=False)
    _write_certificate(keys.path("apiserver.crt"), server.sign(authority_key, hashes.SHA256()))
    _write_key(keys.path("apiserver.key"), server_key)


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _DAY).not_valid_after(now + 30 * _DAY)


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
