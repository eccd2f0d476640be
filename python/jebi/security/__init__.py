"""Security schemes: dependencies that also describe themselves in the OpenAPI document."""

from jebi.security.api_key import APIKeyCookie as APIKeyCookie
from jebi.security.api_key import APIKeyHeader as APIKeyHeader
from jebi.security.api_key import APIKeyQuery as APIKeyQuery
from jebi.security.http import HTTPAuthorizationCredentials as HTTPAuthorizationCredentials
from jebi.security.http import HTTPBasic as HTTPBasic
from jebi.security.http import HTTPBasicCredentials as HTTPBasicCredentials
from jebi.security.http import HTTPBearer as HTTPBearer
from jebi.security.http import HTTPDigest as HTTPDigest
from jebi.security.oauth2 import OAuth2 as OAuth2
from jebi.security.oauth2 import OAuth2AuthorizationCodeBearer as OAuth2AuthorizationCodeBearer
from jebi.security.oauth2 import OAuth2PasswordBearer as OAuth2PasswordBearer
from jebi.security.oauth2 import OAuth2PasswordRequestForm as OAuth2PasswordRequestForm
from jebi.security.oauth2 import OAuth2PasswordRequestFormStrict as OAuth2PasswordRequestFormStrict
from jebi.security.oauth2 import SecurityScopes as SecurityScopes
from jebi.security.open_id_connect_url import OpenIdConnect as OpenIdConnect
