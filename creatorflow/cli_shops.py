"""`creatorflow shops …`: the registry of shops, without a line of code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from creatorflow.printing import plain, print_json, print_rows

shops_app = typer.Typer(help="The shop registry.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Name = Annotated[str, typer.Argument(metavar="SHOP", help="marketplace:shop, as tiktok:7490000000000000001 is.")]

NO_STOCK_DOOR = (
    "--stock opens behind a comparison of the marketplace's stock with ours, which comes with the pushing of stock; "
    "this release writes no stock outside. Nothing was opened"
)


@shops_app.command("list")
def shops_list(as_json: AsJson = False) -> None:
    """List the registered shops, which of their doors are open, and how many calls they withheld."""
    from creatorflow import shop_registry

    print_rows([plain(shop) for shop in shop_registry.listed(_dsn())], as_json)


@shops_app.command("add")
def shops_add(
    *,
    shop: Name,
    user: Annotated[str, typer.Option(help="The seller who owns the shop.")],
    time_zone: Annotated[str, typer.Option(help="Where its days begin, as America/New_York.")] = "UTC",
    holiday: Annotated[
        list[str] | None, typer.Option(help="A day without work, as 2026-12-25. May be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Register a shop. It observes: it decides, and asks nobody outside until `creatorflow shops go-live`.

    Webhooks that waited for a registration are sent again. Repeated: it is there already.
    """
    from creatorflow import shop_registry

    with _refusing():
        found = shop_registry.add(_dsn(), shop_registry.new_shop(shop, user, time_zone, holiday or ()))
    if as_json:
        print_json({"shop": plain(found.shop), "added": found.added, "redelivered": found.redelivered})
        return
    typer.echo(f"{shop} is registered and observes" if found.added else f"{shop} was registered before")
    if found.redelivered:
        typer.echo(f"{found.redelivered:,} webhooks of shops that were not registered are sent again")


@shops_app.command("authorise")
def authorise(
    code: Annotated[str, typer.Argument(help="The code that TikTok sent to the app's redirect.")],
) -> None:
    """Store the tokens of a seller's consent to our TikTok app. The code is good once, for 30 minutes."""
    from creatorflow import tiktok
    from creatorflow.settings import Settings

    for shop in tiktok.authorise(Settings(), code):
        typer.echo(f"tiktok:{shop.shop} opened ({shop.name}, {shop.region})")


@shops_app.command("set")
def shops_set(
    *,
    shop: Name,
    setting: Annotated[str, typer.Argument(help="The setting's name; `shops list --json` shows what is set.")],
    value: Annotated[str, typer.Argument(help="Its value: text, or JSON such as a list of dates.")],
    as_json: AsJson = False,
) -> None:
    """Change one setting of a shop. Processes take it over with the next order."""
    from creatorflow import shop_registry

    with _refusing():
        found = shop_registry.set_up(_dsn(), shop, setting, value)
    if as_json:
        print_json(plain(found))
    else:
        typer.echo(f"{shop}: {setting} is set")


@shops_app.command("go-live")
def shops_go_live(
    *,
    shop: Name,
    labels: Annotated[bool, typer.Option("--labels", help="Buy labels, and tell the marketplace of them.")] = False,
    buying: Annotated[bool, typer.Option("--buying", help="Order from the supplier.")] = False,
    stock: Annotated[bool, typer.Option("--stock", help="Push stock. Not in this release: refused.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Let a shop ask others outside, door by door. There is no way back.

    What it withheld before is never sent: `POST /packages/{id}/buy-label` asks for a label again. Repeated: nothing.
    """
    from creatorflow import shop_registry

    if stock:
        _refuse(NO_STOCK_DOOR)
    if not (labels or buying):
        _refuse("name the doors to open: --labels, --buying")
    with _refusing():
        found = shop_registry.go_live(_dsn(), shop, labels=labels, buying=buying)
    if as_json:
        print_json(plain(found))
    else:
        opened = [door for door, is_open in (("labels", found.live_labels), ("buying", found.live_buying)) if is_open]
        typer.echo(f"{shop} is live in {' and '.join(opened)}")


@shops_app.command("withheld")
def shops_withheld(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest, at most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the calls that shops would have made, newest first. They are kept for 30 days, and never sent."""
    from creatorflow import shop_registry

    print_rows([plain(call) for call in shop_registry.withheld(_dsn(), limit)], as_json)


def _dsn() -> str:
    from creatorflow.settings import Settings

    return Settings().postgres


@contextmanager
def _refusing() -> Iterator[None]:
    from creatorflow.shop_registry import ShopRefused

    try:
        yield
    except ShopRefused as error:
        _refuse(str(error))


def _refuse(line: str) -> None:
    typer.echo(f"creatorflow: {line}", err=True)
    raise typer.Exit(1)
