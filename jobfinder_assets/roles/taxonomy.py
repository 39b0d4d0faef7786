"""The roles that postings are told apart by. Judged by the duties on which most time goes; the title is a hint."""

from dataclasses import dataclass

from jobfinder_assets.storage.schemas import ROLES


@dataclass(frozen=True)
class Role:
    """One role: its column in `role_tags`, its name for people, and what makes a posting one."""

    key: str
    name: str
    definition: str


TAXONOMY = (
    Role(
        "data_engineer",
        "Data engineer",
        "Pipelines, ETL/ELT, warehouses, lakes, streaming, analytics engineering, BI development that is mainly ETL.",
    ),
    Role(
        "data_analyst",
        "Data analyst",
        "Reports, dashboards, SQL, ad-hoc analysis, KPIs, business insight.",
    ),
    Role(
        "ml_engineer",
        "Machine learning engineer",
        "Models in production, ML systems, MLOps, deep learning, NLP, vision or LLM engineering.",
    ),
    Role(
        "data_scientist",
        "Data scientist",
        "Statistical and predictive modelling, experimentation and research as the main duty.",
    ),
    Role("other", "Other", "None of these."),
)
OTHER = "other"
ROLE_INDEX = {role: index for index, role in enumerate(ROLES)}
