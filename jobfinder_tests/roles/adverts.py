"""Short adverts written for these tests: (title, description, role by the duties)."""

ADVERTS: list[tuple[str, str, str]] = [
    (
        "Data Engineer",
        "Responsibilities:\n"
        "Build and maintain data pipelines in Airflow and Spark.\n"
        "Load the data warehouse every hour.\n"
        "Requirements:\n"
        "Python, SQL.",
        "data_engineer",
    ),
    (
        "Senior Data Engineer",
        "What you'll do\nDesign ETL jobs that ingest data from forty shops.\nOwn the data lake on AWS.\nTune Redshift.",
        "data_engineer",
    ),
    (
        "Analytics Engineer",
        "You will model our data warehouse in dbt, keep the semantic layer tidy and test every data "
        "pipeline in Snowflake.",
        "data_engineer",
    ),
    (
        "ETL Developer",
        "Duties\n"
        "Write Informatica mappings, data migration scripts and stored procedures for the enterprise "
        "data warehouse.",
        "data_engineer",
    ),
    (
        "Data Scientist",
        "The role\n"
        "You build and maintain data pipelines, move ETL jobs to Airflow and Kafka, and run the data "
        "lake that our modelling team reads.\n"
        "Requirements\n"
        "Spark, Python.",
        "data_engineer",
    ),
    (
        "Data Scientist",
        "Responsibilities: Design data ingestion for streaming events. Operate Kafka and Flink. "
        "Maintain the data platform and its data warehouse. Requirements: Scala.",
        "data_engineer",
    ),
    (
        "Data Analyst",
        "Key Responsibilities:\n"
        "Develop data mapping, translation and transformation routines.\n"
        "Build ETL interfaces with Talend.\n"
        "Load the data warehouse and its data marts.",
        "data_engineer",
    ),
    (
        "Big Data Developer",
        "Responsibilities\nDevelop Hadoop, Hive and Spark jobs.\nManage data ingestion into the data lake.",
        "data_engineer",
    ),
    (
        "Data Analyst",
        "Responsibilities\n"
        "Prepare weekly reports and dashboards in Tableau.\n"
        "Write SQL queries.\n"
        "Track KPIs with the store managers.",
        "data_analyst",
    ),
    (
        "Junior Data Analyst",
        "What you will do:\nClean data in Excel, produce monthly reports, and present findings to the team.",
        "data_analyst",
    ),
    (
        "Business Intelligence Analyst",
        "You will define KPIs with product managers, build dashboards in Power BI and answer ad hoc "
        "questions from the business.",
        "data_analyst",
    ),
    (
        "Product Analyst",
        "In this role you will analyze funnels, define key metrics, and turn data into actionable "
        "insights for product teams using SQL and Looker.",
        "data_analyst",
    ),
    (
        "Data Scientist",
        "Responsibilities:\n"
        "Build dashboards in Tableau.\n"
        "Produce weekly reports on sales KPIs.\n"
        "Answer ad hoc requests with SQL and Excel.",
        "data_analyst",
    ),
    (
        "Data Scientist",
        "What you'll do\n"
        "Partner with finance to track key metrics, maintain Power BI reports and explain trends to "
        "business stakeholders.\n"
        "Requirements\n"
        "SQL, Excel.",
        "data_analyst",
    ),
    (
        "HR Data Scientist",
        "Duties: Maintain people dashboards, run monthly reports on head count, audit data quality, "
        "present findings to management.",
        "data_analyst",
    ),
    (
        "Reporting Specialist",
        "Responsibilities\n"
        "Create ad hoc reports and scorecards.\n"
        "Monitor key performance indicators.\n"
        "Write SQL against the warehouse.",
        "data_analyst",
    ),
    (
        "Machine Learning Engineer",
        "Responsibilities\n"
        "Deploy machine learning models to production on Kubernetes.\n"
        "Build the feature store and model monitoring.\n"
        "Write production code.",
        "ml_engineer",
    ),
    (
        "MLOps Engineer",
        "You will run Kubeflow and MLflow, automate model deployment and keep real time inference fast.",
        "ml_engineer",
    ),
    (
        "Computer Vision Engineer",
        "What you'll do\nTrain convolutional neural networks in PyTorch for object detection and ship them to cameras.",
        "ml_engineer",
    ),
    (
        "NLP Engineer",
        "Duties\n"
        "Build NLP services: named entity recognition, text classification and retrieval augmented "
        "generation with large language models.",
        "ml_engineer",
    ),
    (
        "Data Scientist",
        "Responsibilities:\n"
        "Productionize deep learning models as microservices with Docker.\n"
        "Own the machine learning platform and its model serving.\n"
        "Code reviews.",
        "ml_engineer",
    ),
    (
        "Data Scientist",
        "The role\n"
        "Build our recommendation system end to end: ranking models in TensorFlow, online inference, "
        "model monitoring in production.",
        "ml_engineer",
    ),
    (
        "Software Engineer, Machine Learning",
        "You will build machine learning infrastructure, distributed training and low latency serving "
        "for ranking models.",
        "ml_engineer",
    ),
    (
        "Applied Scientist",
        "Responsibilities\n"
        "Develop deep learning models for speech recognition and natural language understanding; deploy "
        "models to production.",
        "ml_engineer",
    ),
    (
        "Data Scientist",
        "Responsibilities\n"
        "Build predictive models of churn.\n"
        "Design and analyze A/B tests.\n"
        "Apply statistical methods to customer data.\n"
        "Requirements\n"
        "R or Python, statistics.",
        "data_scientist",
    ),
    (
        "Senior Data Scientist",
        "What you'll do: Develop statistical models for pricing, run experiments, and research new "
        "methods for causal inference.",
        "data_scientist",
    ),
    (
        "Statistician",
        "Duties\nDesign experiments, fit Bayesian models, write up survival analysis of trial data.",
        "data_scientist",
    ),
    (
        "Decision Scientist",
        "You will forecast demand with time series models, test hypotheses and quantify uncertainty by simulation.",
        "data_scientist",
    ),
    (
        "Data Scientist, Risk",
        "Responsibilities\n"
        "Build credit scoring models with logistic regression and gradient boosting; feature "
        "engineering; model validation.",
        "data_scientist",
    ),
    (
        "Research Scientist",
        "Role\n"
        "Research novel statistical methods for genomic data, develop predictive models of response, "
        "publish papers.",
        "data_scientist",
    ),
    (
        "Quantitative Researcher",
        "You will use machine learning and statistical analysis to find predictive signals, design "
        "experiments and develop forecasting models.",
        "data_scientist",
    ),
    (
        "Marketing Scientist",
        "Responsibilities:\n"
        "Develop attribution models and propensity models.\n"
        "Design experiments to measure causal lift.\n"
        "Apply statistical techniques.",
        "data_scientist",
    ),
    (
        "Staff Nurse",
        "You will give patient care on a busy ward, keep care plans up to date and support the nursing team.",
        "other",
    ),
    (
        "Accountant",
        "Responsibilities\nMonth end close, accounts payable, bank reconciliations and tax returns.",
        "other",
    ),
    (
        "Sales Executive",
        "What you'll do\n"
        "Meet sales targets by cold calling and present our products to clients. Commission paid "
        "monthly.",
        "other",
    ),
    (
        "Structural Engineer",
        "Duties\nPrepare structural drawings in AutoCAD and inspect construction sites.",
        "other",
    ),
    (
        "Product Manager, Data Products",
        "You will own the product roadmap, write requirements and hire and lead product managers.",
        "other",
    ),
    (
        "Executive Chef",
        "Run the kitchen, plan menus, keep food safety standards and train the kitchen staff.",
        "other",
    ),
    (
        "Frontend Developer",
        "Responsibilities\nBuild web applications in React and TypeScript with HTML and CSS.",
        "other",
    ),
    (
        "Data Entry Clerk",
        "Duties\nData entry of new customer accounts, filing, answering the telephone, mail.",
        "other",
    ),
    (
        "Primary Teacher",
        "Teach lessons in the classroom, write the curriculum and report on pupil progress to parents.",
        "other",
    ),
    (
        "Loan Officer",
        "Find borrowers, take loan applications and work with underwriting on mortgage approval.",
        "other",
    ),
]
