"""FastAPI's module of this name, for those who import from it."""

from jebi._compat import lenient_issubclass as lenient_issubclass
from jebi.dependencies.analyze import ParamDetails as ParamDetails
from jebi.dependencies.analyze import analyze_param as analyze_param
from jebi.dependencies.body_field import get_body_field as _get_body_field  # noqa: F401 - a name of FastAPI's
from jebi.dependencies.fields import get_flat_body_params as _get_flat_body_params  # noqa: F401 - a name of FastAPI's
from jebi.dependencies.fields import get_flat_body_params as get_flat_body_params
from jebi.dependencies.fields import (
    get_flat_fields_from_params as _get_flat_fields_from_params,  # noqa: F401 - a name of FastAPI's
)
from jebi.dependencies.fields import get_flat_params as get_flat_params
from jebi.dependencies.fields import get_param_aliases as _get_param_aliases  # noqa: F401 - a name of FastAPI's
from jebi.dependencies.fields import get_param_model as _get_param_model  # noqa: F401 - a name of FastAPI's
from jebi.dependencies.fields import get_validation_alias as get_validation_alias
from jebi.dependencies.forms import _read_file_bytes as _read_file_bytes
from jebi.dependencies.graph import get_dependant as get_dependant
from jebi.dependencies.graph import (
    get_parameterless_sub_dependant as get_parameterless_sub_dependant,
)
from jebi.dependencies.models import Dependant as Dependant
from jebi.dependencies.signatures import get_stream_item_type as get_stream_item_type
from jebi.dependencies.signatures import get_typed_annotation as get_typed_annotation
from jebi.dependencies.signatures import get_typed_return_annotation as get_typed_return_annotation
from jebi.dependencies.signatures import get_typed_signature as get_typed_signature
