"""The roles that postings are told apart by. Judged by the duties on which most time goes; the title is a hint.

data_engineer: pipelines, ETL/ELT, warehouses, lakes, streaming, analytics engineering, BI that is mainly ETL;
data_analyst: reports, dashboards, SQL, ad-hoc analysis, KPIs, business insight;
ml_engineer: models in production, ML systems, MLOps, deep learning, NLP, vision or LLM engineering;
data_scientist: statistical and predictive modelling, experimentation and research as the main duty;
other: none of these.
"""

from jobfinder_assets.storage.schemas import ROLES

OTHER = "other"
ROLE_INDEX = {role: index for index, role in enumerate(ROLES)}
