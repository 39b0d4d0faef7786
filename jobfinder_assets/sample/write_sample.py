"""Write the bundled sample: synthetic postings in the shape of every source, and one invented person's labels.

    python -m jobfinder_assets.sample.write_sample

Seeded: the same script writes the same bytes. Employers, people and texts are invented; every description
says so. Each line of `postings.jsonl.gz` is `{"shape", "board", "source_id", "record"}`, the record as the
source of that shape would give it, traps included: HTML escaped once or twice, mojibake, odd salaries,
sentinels, missing fields, openings advertised again, and openings that only look the same.

The labels are those of a simulated person who likes pipelines, platforms and models in production, worked
remotely or in Berlin, and has no use for dashboards or offices elsewhere; one label in twenty is a slip.
"""

import csv
import gzip
import html
import io
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from jobfinder_assets.ingestion.contract import posting_id
from jobfinder_assets.storage.files import write_bytes

FOLDER = Path(__file__).parent
SEED = 20261101
OPENINGS = 300
LABELS = 90
SLIPS = 0.05
TODAY = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
SYNTHETIC = "(Synthetic sample posting of jobfinder: employer and opening are invented.)"

FIRST = [
    "Aster",
    "Bramble",
    "Cobalt",
    "Dapple",
    "Ember",
    "Fathom",
    "Gable",
    "Harrow",
    "Isinglass",
    "Juniper",
    "Kestrel",
    "Lumen",
    "Marl",
    "Nimbus",
    "Orrery",
]
FIRST += [
    "Pallas",
    "Quill",
    "Rowan",
    "Saltire",
    "Tarn",
    "Umber",
    "Vellum",
    "Willow",
    "Yarrow",
    "Zephyr",
    "Quarry",
    "Lantern",
    "Meridian",
]
SECOND = [
    "Analytics",
    "Foods",
    "Freight",
    "Grid",
    "Health",
    "Insurance",
    "Labs",
    "Learning",
    "Logistics",
    "Media",
    "Mobility",
    "Outfitters",
]
SECOND += ["Payments", "Robotics", "Seeds", "Studios", "Systems", "Travel", "Utilities", "Works"]
FIELDS = {
    "Analytics": "market research", "Foods": "grocery delivery", "Freight": "container shipping",
    "Grid": "energy trading", "Health": "clinical care", "Insurance": "motor insurance", "Labs": "materials testing",
    "Learning": "language courses", "Logistics": "parcel routing", "Media": "podcast publishing",
    "Mobility": "scooter sharing", "Outfitters": "outdoor retail", "Payments": "card payments",
    "Robotics": "warehouse robots", "Seeds": "crop breeding", "Studios": "mobile games", "Systems": "hospital software",
    "Travel": "rail booking", "Utilities": "water supply", "Works": "furniture making",
}  # fmt: skip
LEGAL = ("", "", "", " Inc.", " GmbH", " Ltd", " LLC")
PLACES = (
    ("Berlin", "Germany", "de"), ("Munich", "Germany", "de"), ("London", "United Kingdom", "gb"),
    ("New York, NY", "United States", "us"), ("Austin, TX", "United States", "us"), ("Chicago, IL", "United States", "us"),
    ("Seattle, WA", "United States", "us"), ("Toronto", "Canada", "ca"), ("Bengaluru", "India", "in"),
    ("Amsterdam", "Netherlands", "nl"), ("Paris", "France", "fr"), ("Denver, CO", "United States", "us"),
)  # fmt: skip
TEAMS = "Demand Forecasting|Customer Trust|Billing|Search|Supply|Growth|Risk|Personalisation|Fleet|Claims|Catalogue|"
TEAMS += "Membership|Field Operations|Marketplace|Quality|Procurement|Partner Insights|Retention|Sensor Data|Finance"
TEAM_NAMES = TEAMS.split("|")
TOOLS = {
    "data_engineer": "Spark|Airflow|dbt|Kafka|Snowflake|BigQuery|Flink|Terraform|Dagster|Delta Lake|Redshift|Databricks",
    "data_analyst": "SQL|Tableau|Power BI|Looker|Excel|Google Sheets|Amplitude|Metabase|Qlik|DAX",
    "ml_engineer": "PyTorch|Kubernetes|MLflow|TensorFlow|Ray|ONNX|CUDA|Triton|Kubeflow|SageMaker|FastAPI|vLLM",
    "data_scientist": "R|scikit-learn|Stan|pandas|causal inference|XGBoost|Bayesian models|statsmodels|Jupyter|PyMC",
    "other": "Figma|Salesforce|SAP|Java|React|PostgreSQL|AutoCAD|Zendesk|Go|Jira",
}
DUTIES = {
    "data_engineer": (
        "Build and run {a} pipelines that bring {thing} from {n} sources into our warehouse every {often}",
        "Design the tables in which {thing} are kept, and the tests that guard them",
        "Move our nightly ETL jobs for {thing} from cron scripts to {a}",
        "Own the ingestion of {thing}, from the event stream in {b} to the curated layer",
        "Keep late and broken records of {thing} from reaching the people who trust our lake",
        "Cut the cost of our {a} clusters, which process {n} million {thing} a day",
        "Write data contracts with the product teams and alert on their breach",
        "Automate deployment of the data platform with {b} and review each other's pull requests",
        "Model dimensions and facts for the {team} domain so that analysts need not join raw {thing}",
        "Backfill {n} months of {thing} without downtime when a schema changes",
    ),
    "data_analyst": (
        "Build dashboards in {a} that show the {team} leads how {thing} develop from week to week",
        "Answer ad-hoc questions of the business with SQL, often the same day",
        "Define KPIs for {thing} with finance and keep their definitions written down",
        "Prepare the monthly business review and present what changed and why",
        "Reconcile reports on {thing} between {a} and the ledger",
        "Turn requests of {n} stakeholders into reports that they can read without you",
        "Explain swings in conversion to colleagues who do not read charts for a living",
        "Maintain the self-service reporting on {thing} in {b} and train its users",
        "Size the opportunity of new {team} features from past {thing}",
        "Check survey answers and {thing} for errors before they reach a slide",
    ),
    "ml_engineer": (
        "Bring models that rank {thing} into production and keep them under {n} milliseconds",
        "Train neural networks on {thing} with {a} and serve them on {b}",
        "Build the feature store and the retraining jobs behind the {team} models",
        "Watch deployed models for drift and roll them back when they misbehave",
        "Fine-tune language models that read {thing} and evaluate them on our own test sets",
        "Develop the vision system that recognises {thing} from {n} cameras",
        "Own the inference service: batching, caching, canary releases and load tests in {b}",
        "Shrink models by quantisation so that they run on devices in the field",
        "Write the tooling with which scientists ship a model without asking us",
        "Set up continuous training for the {team} models with {a}",
    ),
    "data_scientist": (
        "Design and read experiments that tell whether a change helps {thing}",
        "Build statistical models that forecast {thing} {n} weeks ahead",
        "Estimate the causal effect of price changes on {thing} with {a}",
        "Frame open questions of the {team} team as hypotheses and test them",
        "Develop predictive models of churn and explain what drives them",
        "Write up methods and findings so that they can be checked by others",
        "Simulate policies for {thing} before anyone pays for them",
        "Choose metrics for {team} experiments and compute the samples they need",
        "Study {n} years of {thing} with {b} to find segments that behave alike",
        "Publish and present research on uncertainty in forecasts of {thing}",
    ),
    "other": (
        "Look after {n} accounts in the region and meet their buyers in person",
        "Plan shifts for a team of {n} and stand in when somebody is ill",
        "Design screens and flows for the {team} product and try them with customers",
        "Build the backend services of {team} in {a} and carry a pager one week in {n}",
        "Close the books each month and prepare the audit",
        "Advise patients on the ward and document their care",
        "Answer customers by phone and mail and follow up until they are content",
        "Recruit engineers and agree on offers with the hiring managers",
        "Negotiate contracts with suppliers of {thing}",
        "Maintain the machines of hall {n} and order their spare parts",
    ),
}
THINGS = {
    "market research": "interviews", "grocery delivery": "orders", "container shipping": "bookings",
    "energy trading": "meter readings", "clinical care": "appointments", "motor insurance": "claims",
    "materials testing": "test runs", "language courses": "lessons", "parcel routing": "parcels",
    "podcast publishing": "episodes", "scooter sharing": "rides", "outdoor retail": "purchases",
    "card payments": "transactions", "warehouse robots": "picks", "crop breeding": "field trials",
    "mobile games": "play sessions", "hospital software": "admissions", "rail booking": "tickets",
    "water supply": "sensor readings", "furniture making": "work orders",
}  # fmt: skip
TITLES = {
    "data_engineer": ("Data Engineer", "Analytics Engineer", "Data Platform Engineer", "ETL Developer", "Data Scientist",
                      "Data Specialist", "Big Data Engineer"),
    "data_analyst": ("Data Analyst", "Business Intelligence Analyst", "Reporting Analyst", "Data Scientist",
                     "Analytics Specialist", "Product Analyst", "Insights Analyst"),
    "ml_engineer": ("Machine Learning Engineer", "MLOps Engineer", "Data Scientist", "Computer Vision Engineer",
                    "NLP Engineer", "Applied Scientist"),
    "data_scientist": ("Data Scientist", "Statistician", "Research Scientist", "Decision Scientist", "Data Scientist",
                       "Quantitative Researcher"),
    "other": ("Product Designer", "Registered Nurse", "Accountant", "Backend Engineer", "Account Executive",
              "Customer Support Specialist", "Recruiter", "Maintenance Technician", "Procurement Manager"),
}  # fmt: skip
LEVELS = ("", "", "", "", "Senior ", "Senior ", "Junior ", "Lead ", "Staff ", "Principal ")
YEARS = {
    "": (2, 3, 4),
    "Senior ": (5, 6, 7),
    "Junior ": (0, 1),
    "Lead ": (7, 8),
    "Staff ": (8, 9),
    "Principal ": (10, 12),
}
BLURBS = (
    "{company} works in {field}. {people} people in {n} offices make sure that {thing} arrive where they should.",
    "Since {year}, {company} has changed how people think of {field}. We are {people} and growing with care.",
    "At {company} we believe that {field} deserves better tools. Our customers handle {thing} in {n} countries.",
    "{company} is an employee-owned firm in {field}, {people} strong, profitable since {year}.",
    "Founded in {year} by two engineers, {company} now serves {n} hundred customers in {field}.",
    "You know {company} from {field}; you may not know that {people} of us work on software and {thing}.",
)
BENEFITS = (
    "{days} days of leave, a learning budget, and a team that says no to meetings after four.",
    "Health insurance from the first day, {days} days off, and a sabbatical after five years.",
    "We pay for your commute, your conference, and {days} days of rest a year.",
    "A pension to which we add {n} percent, {days} days of holiday, flexible hours.",
    "Parental leave of {n} weeks on full pay and {days} days of vacation.",
    "Equipment of your choice and {days} paid days away from it.",
)
WANTS = (
    "{years}+ years of experience in a similar role", "At least {years} years of professional experience",
    "You bring {years} or more years of relevant experience", "Minimum of {years} years in the field",
)  # fmt: skip
SOFT = (
    "You write so that others understand you", "You ask before you build", "You finish what you start",
    "You like to explain your work", "You have built CI/CD and don't miss the days before it", "Fluent English; German is a plus", "You are at ease with incomplete information",
    "You have worked with people in several time zones", "A degree in a quantitative subject, or work that shows as much",
)  # fmt: skip
NICE = (
    "Nice to have: some {c}", "It helps to have met {c}", "Bonus points for {c}", "We would be glad of experience with {c}",
)  # fmt: skip
HEADS = (
    ("About us", "What you will do", "What you bring", "What we offer"),
    ("Who we are", "Your responsibilities", "Requirements", "Benefits"),
    ("The company", "The role", "Qualifications", "Perks"),
    ("Our story", "Duties", "Your profile", "In return"),
    ("Über uns", "Deine Aufgaben", "Dein Profil", "Wir bieten"),
)
REMOTE = (
    "This position is fully remote.", "You can work remotely from anywhere in {country}.",
    "We are a remote team; there is no office to come to.",
)  # fmt: skip
HYBRID = ("Hybrid: two days a week in our office.", "We meet in the office three days a week, hybrid otherwise.")
ONSITE = ("The work is on site in {city}.", "This is an on-site position at our {city} office.")


@dataclass(frozen=True)
class Opening:
    """One invented opening, before a source gives it a shape."""

    number: int
    role: str
    level: str
    title: str
    company: str
    place: tuple[str, str, str]
    workplace: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    years: int
    pay: int
    requisition: str
    posted: datetime

    @property
    def text(self) -> str:
        parts = [f"{head}\n" + "\n".join(lines) for head, lines in self.sections]
        return "\n\n".join([*parts, SYNTHETIC])

    @property
    def html(self) -> str:
        parts = []
        for head, lines in self.sections:
            body = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
            parts.append(f"<h3>{head}</h3><ul>{body}</ul>" if len(lines) > 1 else f"<h3>{head}</h3><p>{lines[0]}</p>")
        return "".join([*parts, f"<p><em>{SYNTHETIC}</em></p>"])


def invent(number: int, random: Random) -> Opening:
    """One opening of a random role, employer and place."""
    role = random.choice([*DUTIES, "data_engineer", "data_analyst", "data_scientist"])
    kind = random.choice(SECOND)
    company = f"{random.choice(FIRST)} {kind}{random.choice(LEGAL)}"
    field, level, place = FIELDS[kind], random.choice(LEVELS), random.choice(PLACES)
    workplace = random.choice(("remote", "remote", "hybrid", "onsite", "unspecified"))
    team, thing = random.choice(TEAM_NAMES), THINGS[field]
    first_tool, second_tool, third_tool = random.sample(TOOLS[role].split("|"), 3)
    years = random.choice(YEARS[level])

    def fill(pattern: str) -> str:
        return pattern.format(
            a=first_tool, b=second_tool, c=third_tool, team=team, thing=thing, company=company, field=field,
            n=random.randint(2, 40), often=random.choice(("hour", "night", "morning", "ten minutes")),
            people=random.randint(30, 4000), year=random.randint(1971, 2021), days=random.randint(25, 34), years=years,
            country=place[1], city=place[0],
        )  # fmt: skip

    duties = tuple(f"{fill(line)}." for line in random.sample(DUTIES[role], random.randint(4, 6)))
    if role != "other" and random.random() < 0.3:
        duties += (f"{fill(random.choice(DUTIES[random.choice(list(DUTIES)[:4])]))}.",)
    wants = [random.choice(WANTS)] if years else ["You are at the start of your career"]
    wants += [f"You know {first_tool} and {second_tool}" + ("" if role == "other" else ", and Python or SQL")]
    wants += random.sample(SOFT, 3) + ([random.choice(NICE)] if random.random() < 0.6 else [])
    where = {"remote": REMOTE, "hybrid": HYBRID, "onsite": ONSITE}.get(workplace)
    offer = [fill(random.choice(BENEFITS))] + ([fill(random.choice(where))] if where else [])
    heads = HEADS[-1] if place[2] == "de" and random.random() < 0.2 else random.choice(HEADS[:-1])
    blurb = f"{fill(random.choice(BLURBS))} You would join the {team} team."
    bodies = ((blurb,), duties, tuple(f"{fill(want)}." for want in wants), tuple(offer))
    return Opening(
        number=number,
        role=role,
        level=level,
        title=f"{level}{random.choice(TITLES[role])}" + (f", {team}" if random.random() < 0.3 else ""),
        company=company,
        place=place,
        workplace=workplace,
        sections=tuple(zip(heads, bodies, strict=True)),
        years=years,
        pay=(45 + 6 * years + random.randint(0, 40) + (15 if role == "ml_engineer" else 0)) * 1000,
        requisition=f"R-{10_000 + 7 * number}",
        posted=TODAY - timedelta(hours=random.randint(1, 60 * 24)),
    )


def location(opening: Opening) -> str:
    city, country, _ = opening.place
    if opening.workplace == "remote":
        return f"Remote - {country}"
    return f"{city}, {country}" if country != "United States" else city


def pay_text(opening: Opening, random: Random) -> str:
    """A salary as job sites write it: tidy, odd, or not at all."""
    low, high = opening.pay // 1000, opening.pay // 1000 + random.randint(10, 45)
    hourly = opening.pay // 2080
    return random.choice((
        f"${low}K-${high}K (Glassdoor est.)", f"${low}K-${high}K (Glassdoor est.)", f"${low},000 - ${high},000 a year",
        f"Employer Provided Salary:${hourly}-${hourly + 9} Per Hour", f"${low},2k", f"Up to £{low}k", f"€{low}.000 - €{high}.000",
        f"{low // 4} LPA", f"From ${low},000 a year", "Competitive", "-1", "0 - 0 USD /YEAR", "", f"{low}000 - {high}000 USD /YEAR",
    ))  # fmt: skip


def mojibake(text: str) -> str:
    """What UTF-8 looks like when it is read as Windows-1252."""
    typographic = text.replace("'", "\u2019").replace(" - ", " \u2013 ")
    return typographic.encode("utf-8").decode("cp1252", errors="replace")


def as_greenhouse(opening: Opening, random: Random) -> dict[str, Any]:
    escaped = html.escape(opening.html, quote=False)
    content = html.escape(escaped, quote=False) if random.random() < 0.2 else escaped
    slug = opening.company.split()[0].lower()
    return {
        "id": 4_000_000 + opening.number,
        "internal_job_id": 3_000_000 + opening.number,
        "title": opening.title,
        "updated_at": (opening.posted + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S-04:00"),
        "first_published": opening.posted.strftime("%Y-%m-%dT%H:%M:%S-04:00"),
        "requisition_id": opening.requisition,
        "location": {"name": location(opening)},
        "absolute_url": f"https://boards.greenhouse.example/{slug}/jobs/{4_000_000 + opening.number}",
        "company_name": opening.company,
        "language": "en",
        "application_deadline": None,
        "metadata": None,
        "content": content,
        "departments": [{"id": 1, "name": "Data", "child_ids": [], "parent_id": None}],
        "offices": [
            {"id": 1, "name": opening.place[0], "location": opening.place[0], "child_ids": [], "parent_id": None}
        ],
    }


def as_hackernews(opening: Opening, random: Random) -> dict[str, Any]:
    where = {"remote": f"Remote ({opening.place[1]})", "hybrid": f"{opening.place[0]} (hybrid)"}
    place = where.get(opening.workplace, f"{opening.place[0]} | ONSITE")
    pay = f" | ${opening.pay // 1000}k-${opening.pay // 1000 + 30}k" if random.random() < 0.5 else ""
    mark = random.choice((" | ", " | ", " | ", " - "))
    first = mark.join((opening.company, opening.title, place)) + pay
    # As the site writes them: paragraphs that are never closed, slashes and quotes as entities.
    body = "<p>".join([first, *opening.text.split("\n\n")]).replace("/", "&#x2F;").replace("'", "&#x27;")
    number = 48_000_000 + opening.number
    return {
        "id": number,
        "parent_id": 47_999_999,
        "story_id": 47_999_999,
        "created_at": opening.posted.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "created_at_i": int(opening.posted.timestamp()),
        "type": "comment",
        "text": body.replace("\n", "<p>"),
        "title": None,
        "url": None,
        "points": None,
        "children": [],
    }


def as_glassdoor(opening: Opening, random: Random) -> dict[str, Any]:
    rating = f"{random.randint(25, 48) / 10:.1f}"
    text = mojibake(opening.text) if random.random() < 0.4 else opening.text
    return {
        "index": str(opening.number),
        "Job Title": opening.title,
        "Salary Estimate": pay_text(opening, random),
        "Job Description": text,
        "Rating": rating,
        "Company Name": f"{opening.company}\n{rating}" if random.random() < 0.9 else opening.company,
        "Location": opening.place[0] if opening.workplace != "remote" else "Remote",
        "Headquarters": random.choice(("-1", opening.place[0])),
        "Size": random.choice(("1001 to 5000 employees", "Unknown", "-1")),
        "Founded": random.choice(("-1", "1998", "2012")),
        "Type of ownership": random.choice(("Company - Private", "Company - Public", "-1")),
        "Industry": random.choice(("-1", "Computer Hardware & Software", "Health Care Services & Hospitals")),
        "Sector": random.choice(("-1", "Information Technology", "Health Care")),
        "Revenue": "Unknown / Non-Applicable",
        "Competitors": "-1",
    }


def as_jobspikr(opening: Opening, random: Random) -> dict[str, Any]:
    page = f"<html><head><script>track()</script><style>p{{}}</style></head><body><nav>Home</nav>{opening.html}</body></html>"
    return {
        "crawl_timestamp": (opening.posted + timedelta(days=2)).strftime("%Y-%m-%d %H:%M:%S +0000"),
        "url": f"https://board.example/viewjob?jk={opening.number:08x}",
        "job_title": opening.title,
        "category": "",
        "company_name": opening.company.upper() if random.random() < 0.2 else opening.company,
        "city": opening.place[0].split(",")[0],
        "state": opening.place[0].partition(", ")[2],
        "country": opening.place[1],
        "inferred_city": opening.place[0].split(",")[0],
        "inferred_state": "",
        "inferred_country": opening.place[1],
        "post_date": opening.posted.strftime("%Y-%m-%d"),
        "job_description": opening.text.replace("\n", " "),
        "job_type": random.choice(("Full Time", "Undefined", "Contract")),
        "salary_offered": pay_text(opening, random),
        "job_board": "board",
        "geo": "usa",
        "cursor": str(1_633_265_727_000_000 + opening.number),
        "contact_email": "",
        "contact_phone_number": "",
        "uniq_id": f"{opening.number * 2654435761 % 2**64:016x}",
        "html_job_description": page,
    }


def as_files(opening: Opening, random: Random) -> dict[str, Any]:
    return {
        "title": opening.title,
        "company": opening.company,
        "location": location(opening),
        "description": opening.text if random.random() < 0.7 else opening.html,
        "posted_at": random.choice((opening.posted.strftime("%Y-%m-%d"), opening.posted.isoformat(), "30+ days ago")),
        "salary_raw": pay_text(opening, random),
        "url": f"https://jobs.example/{opening.number}",
    }


SHAPES = {
    "greenhouse": ("greenhouse", as_greenhouse),
    "hackernews": ("hackernews", as_hackernews),
    "glassdoor": ("kaggle", as_glassdoor),
    "jobspikr": ("kaggle", as_jobspikr),
    "files": ("files", as_files),
}
BOARDS = {"hackernews": "who_is_hiring", "glassdoor": "data-science-job-posting-on-glassdoor", "files": "my_export"}
BOARDS["jobspikr"] = "data-scientist-job-postings-from-the-usa"


def again(opening: Opening, random: Random) -> Opening:
    """The same opening, advertised again: other date, sections moved or the end cut off."""
    later = opening.posted + timedelta(days=random.randint(1, 12))
    sections = opening.sections
    if random.random() < 0.5:
        sections = (*sections[1:], sections[0])
    return replace(opening, posted=min(later, TODAY), sections=sections)


def look_alike(opening: Opening, random: Random) -> Opening:
    """Another opening of the same employer with the same text: another level, city or requisition number."""
    kind = random.choice(("level", "city", "requisition"))
    other = replace(opening, requisition=f"R-{90_000 + opening.number}")
    if kind == "level":
        return replace(other, title=f"Principal {opening.title.removeprefix(opening.level)}", level="Principal ")
    if kind == "city":
        place = random.choice([place for place in PLACES if place != opening.place])
        return replace(other, place=place, workplace="onsite")
    heads = (*opening.sections[0][1], f"Requisition number: {other.requisition}")
    return replace(other, sections=((opening.sections[0][0], heads), *opening.sections[1:]))


def write(openings: list[tuple[Opening, str]], random: Random) -> list[dict[str, Any]]:
    """Every opening in its shape; ids are unique over the file."""
    lines = []
    for number, (opening, name) in enumerate(openings):
        shape, make = SHAPES[name]
        board = BOARDS.get(name) or opening.company.split()[0].lower()
        record = make(replace(opening, number=number), random)
        lines.append({"shape": shape, "board": board, "source_id": f"{name}-{number:04d}", "record": record})
    return lines


def broken(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that no cleaning should let through: no title, no text."""
    without_title = json.loads(json.dumps(lines[0])) | {"source_id": f"{lines[0]['source_id']}-untitled"}
    without_text = json.loads(json.dumps(lines[1])) | {"source_id": f"{lines[1]['source_id']}-empty"}
    for line, columns in ((without_title, ("title", "Job Title", "job_title")), (without_text, _TEXT_COLUMNS)):
        for column in columns:
            if column in line["record"]:
                line["record"][column] = ""
    return [without_title, without_text]


_TEXT_COLUMNS = ("content", "text", "description", "Job Description", "job_description", "html_job_description")


def likes(opening: Opening) -> bool:
    """The simulated person's taste: by duties and place, never by title."""
    near = opening.workplace == "remote" or opening.place[0] == "Berlin"
    return opening.role in ("data_engineer", "ml_engineer") and near and opening.level != "Junior "


def label(openings: list[tuple[Opening, str]], lines: list[dict[str, Any]], random: Random) -> list[dict[str, str]]:
    """Labels of LABELS openings; likes are drawn a little more often, as a person who searches would."""
    numbers = list(range(OPENINGS))
    random.shuffle(numbers)
    liked = [number for number in numbers if likes(openings[number][0])][: LABELS * 3 // 10]
    others = [number for number in numbers if not likes(openings[number][0])][: LABELS - len(liked)]
    rows = []
    for number in sorted(liked + others):
        opening = openings[number][0]
        interesting = likes(opening) != (random.random() < SLIPS)
        if interesting:
            reason = random.choice(("", "", "good stack", "remote", "pipelines"))
        else:
            reason = (
                ""
                if opening.role in ("data_engineer", "ml_engineer")
                else random.choice(("", "", "wrong role", "too far"))
            )
        time = TODAY - timedelta(minutes=random.randint(1, 30 * 24 * 60))
        rows.append(
            {
                "profile": "example",
                "posting": posting_id("sample", "sample", lines[number]["source_id"]),
                "label": "interesting" if interesting else "not interesting",
                "reason": reason,
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )
    return rows


def generate() -> tuple[bytes, bytes]:
    """The two files' bytes: `postings.jsonl.gz` and `labels.csv`."""
    random = Random(SEED)
    names = list(SHAPES)
    openings = [(invent(number, random), names[number % len(names)]) for number in range(OPENINGS)]
    repeated = random.sample(openings, 40)
    openings += [(again(opening, random), random.choice(names)) for opening, _ in repeated]
    openings += [(look_alike(opening, random), name) for opening, name in random.sample(openings[:OPENINGS], 20)]
    lines = write(openings, random)
    rows = label(openings, lines, random)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [*lines, *broken(lines[2:])])
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return gzip.compress(text.encode("utf-8"), 9, mtime=0), table.getvalue().encode("utf-8")


def main() -> None:
    postings, labels = generate()
    write_bytes(FOLDER / "postings.jsonl.gz", postings)
    write_bytes(FOLDER / "labels.csv", labels)


if __name__ == "__main__":
    main()
