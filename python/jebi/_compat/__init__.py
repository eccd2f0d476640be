"""What the framework knows of pydantic, in one place.

Types are told without it; what makes fields and schemas of them imports it when it is asked for.
"""

from typing import TYPE_CHECKING

from jebi._late import late

from .shared import annotation_is_pydantic_v1 as annotation_is_pydantic_v1
from .shared import field_annotation_is_scalar as field_annotation_is_scalar
from .shared import field_annotation_is_scalar_sequence as field_annotation_is_scalar_sequence
from .shared import field_annotation_is_sequence as field_annotation_is_sequence
from .shared import is_bytes_or_nonable_bytes_annotation as is_bytes_or_nonable_bytes_annotation
from .shared import is_bytes_sequence_annotation as is_bytes_sequence_annotation
from .shared import is_pydantic_v1_model_instance as is_pydantic_v1_model_instance
from .shared import is_union as is_union
from .shared import (
    is_uploadfile_or_nonable_uploadfile_annotation as is_uploadfile_or_nonable_uploadfile_annotation,  # noqa: E501 - FastAPI's name is as long as that
)
from .shared import is_uploadfile_sequence_annotation as is_uploadfile_sequence_annotation
from .shared import lenient_issubclass as lenient_issubclass
from .shared import sequence_types as sequence_types
from .shared import value_is_sequence as value_is_sequence

if TYPE_CHECKING:
    from .schemas import GenerateJsonSchema as GenerateJsonSchema
    from .schemas import get_definitions as get_definitions
    from .schemas import get_flat_models_from_fields as get_flat_models_from_fields
    from .schemas import get_model_name_map as get_model_name_map
    from .schemas import get_schema_from_model_field as get_schema_from_model_field
    from .v2 import PYDANTIC_VERSION_MINOR_TUPLE as PYDANTIC_VERSION_MINOR_TUPLE
    from .v2 import ModelField as ModelField
    from .v2 import PydanticSchemaGenerationError as PydanticSchemaGenerationError
    from .v2 import RequiredParam as RequiredParam
    from .v2 import Undefined as Undefined
    from .v2 import Url as Url
    from .v2 import copy_field_info as copy_field_info
    from .v2 import create_body_model as create_body_model
    from .v2 import evaluate_forwardref as evaluate_forwardref
    from .v2 import get_cached_model_fields as get_cached_model_fields
    from .v2 import get_missing_field_error as get_missing_field_error
    from .v2 import is_scalar_field as is_scalar_field
    from .v2 import relocate as relocate
    from .v2 import serialize_sequence_value as serialize_sequence_value
    from .v2 import with_info_plain_validator_function as with_info_plain_validator_function
else:
    __getattr__, __dir__ = late(
        __name__,
        {
            "GenerateJsonSchema": "jebi._compat.schemas",
            "ModelField": "jebi._compat.v2",
            "PYDANTIC_VERSION_MINOR_TUPLE": "jebi._compat.v2",
            "PydanticSchemaGenerationError": "jebi._compat.v2",
            "RequiredParam": "jebi._compat.v2",
            "Undefined": "jebi._compat.v2",
            "Url": "jebi._compat.v2",
            "copy_field_info": "jebi._compat.v2",
            "create_body_model": "jebi._compat.v2",
            "evaluate_forwardref": "jebi._compat.v2",
            "get_cached_model_fields": "jebi._compat.v2",
            "get_definitions": "jebi._compat.schemas",
            "get_flat_models_from_fields": "jebi._compat.schemas",
            "get_missing_field_error": "jebi._compat.v2",
            "get_model_name_map": "jebi._compat.schemas",
            "get_schema_from_model_field": "jebi._compat.schemas",
            "is_scalar_field": "jebi._compat.v2",
            "relocate": "jebi._compat.v2",
            "serialize_sequence_value": "jebi._compat.v2",
            "with_info_plain_validator_function": "jebi._compat.v2",
        },
    )
