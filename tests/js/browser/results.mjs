// Drives the page of results: a trade is closed → the cards and the curve show it → a deposit is no
// gain → the period in the address survives a reload → a month leads to its round trips in the
// journal → files come whole, and add up to what the page says.
//
// BASE_URL, SIM_URL, KEY1, SECRET1; and what open.mjs takes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { open } from "./open.mjs";

const { BASE_URL, SIM_URL, KEY1, SECRET1 } = process.env;
const { page, complaints, run, signUp, connect, ask } = await open("results", {
  viewport: { width: 1280, height: 900 },
  locale: "en-US",
});
page.on(
  "console",
  (m) =>
    m.type() === "error" &&
    !/Failed to load resource/.test(m.text()) &&
    complaints.push(`console: ${m.text()}`),
);
const at = (id) => page.getByTestId(id);
const step = (text) => console.log(`· ${text}`);
const number = (text) => Number(text.replace("−", "-").replace(/[^\d.-]/g, ""));

async function sim(what) {
  const answer = await fetch(`${SIM_URL}/_sim/${what}`, { method: "POST" });
  assert.ok(
    answer.ok,
    `the simulator answered ${answer.status}: ${await answer.text()}`,
  );
}

/** The rows of a file, as RFC 4180 has them, by the names of its columns. */
async function file(id) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    at(id).click(),
  ]);
  const text = readFileSync(await download.path(), "utf8");
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g,
  )) {
    rows
      .at(-1)
      .push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ",") rows.push([]);
  }
  const [names, ...cells] = rows.slice(0, -1);
  return {
    name: download.suggestedFilename(),
    rows: cells.map((c) => Object.fromEntries(c.map((v, i) => [names[i], v]))),
  };
}
const sum = (rows, of) =>
  Math.round(rows.reduce((all, row) => all + of(row), 0) * 100) / 100;

await run(async () => {
  await page.goto(BASE_URL);
  await signUp("Results", `results-${Date.now()}@example.com`);
  await at("connect-first").waitFor();
  await connect("connect-first", "First & only", KEY1, SECRET1);
  const account = await at("desk").getAttribute("data-account");
  await page.locator("[data-testid=connection].live").waitFor();

  step("a trade is closed with a gain, another with a loss");
  const trade = async (symbol, side, price, tag) => {
    await sim(`price?symbol=${symbol}&price=${price}`);
    const { id } = await ask(
      "POST",
      "/api/orders",
      { symbol, side, type: "market", time_in_force: "day", qty: "10", tag },
      account,
    );
    for (;;) {
      const order = await ask("GET", `/api/orders/${id}`, undefined, account);
      if (order.status === "filled") return;
      await page.waitForTimeout(100);
    }
  };
  await trade("AAPL", "buy", 200, "=SUM(A1)");
  await trade("AAPL", "sell", 260, "=SUM(A1)");
  await trade("MSFT", "sell", 300, "slow"); // short
  await trade("MSFT", "buy", 330, "slow");
  await at("nav-results").click();
  await page.waitForFunction(
    () =>
      document.querySelector("[data-testid=result-cards]")?.dataset.trips ===
      "2",
  );
  assert.equal(await at("result-win-rate").textContent(), "50 %");
  const net = number(await at("result-net").textContent());
  assert.ok(net > 150 && net < 450, `what is left is ${net}`);
  assert.match(
    await at("result-best").locator("..").textContent(),
    /AAPL long/,
  );
  assert.match(
    await at("result-worst").locator("..").textContent(),
    /MSFT short/,
  );

  step("the curve is drawn, and its words say what it shows");
  await at("equity-chart").locator("canvas").first().waitFor();
  const gained = async () =>
    number(await at("equity-change").locator("strong").first().textContent());
  assert.ok(
    Math.abs((await gained()) - net) < 1,
    `equity changed by ${await gained()}, and ${net} was gained`,
  );
  assert.match(await at("equity-words").textContent(), /equity went from \$/);

  step("a deposit is no gain");
  await sim(`cash?key_id=${KEY1}&amount=5000`);
  await page.reload();
  await page.waitForFunction(() =>
    /\$5,000\.00 was paid in/.test(
      document.querySelector("[data-testid=equity-words]")?.textContent ?? "",
    ),
  );
  await page.waitForFunction(
    () =>
      !/5,\d\d\d\./.test(
        document.querySelector("[data-testid=equity-change]").textContent,
      ),
  );

  step("the period stands in the address, and a reload keeps it");
  await at("period").getByText("3M", { exact: true }).click();
  await page.waitForURL(/period=3M/);
  await page.reload();
  await page.waitForFunction(
    () =>
      document.querySelector("[data-testid=result-cards]")?.dataset.trips ===
      "2",
  );
  assert.equal(
    await at("period").locator("[aria-pressed=true]").textContent(),
    "3M",
  );

  step("files come whole, and add up to the cards");
  const trips = await file("csv-round-trips");
  assert.match(
    trips.name,
    /^First-only-round-trips-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.csv$/,
  );
  assert.equal(trips.rows.length, 2);
  assert.equal(
    sum(trips.rows, (t) => Number(t.net_pl)),
    net,
  );
  const fills = await file("csv-executions");
  assert.equal(
    sum(
      fills.rows,
      (f) => (f.side === "buy" ? -1 : 1) * Number(f.qty) * Number(f.price),
    ),
    number(await at("result-realized").textContent()),
  );
  const orders = await file("csv-orders");
  assert.deepEqual(orders.rows.map((o) => o.tag).sort(), [
    "'=SUM(A1)",
    "'=SUM(A1)",
    "slow",
    "slow",
  ]);
  const activities = await file("csv-activities");
  assert.equal(
    activities.rows.find((a) => a.activity_type === "CSD").net_amount,
    "5000",
  );

  step("a group leads to its round trips in the journal");
  await at("group-MSFT").click();
  await page.waitForURL(/\/journal.*symbol=MSFT/);
  await page.locator("[data-testid=trip-MSFT][data-status=closed]").waitFor();
  assert.match(await at("journal-period").textContent(), /Closed since/);
  assert.equal(await page.locator("[data-testid^=trip-AAPL]").count(), 0);
  assert.equal((await file("csv-round-trips")).rows.length, 1);
  await at("journal-always").click();
  await page.locator("[data-testid=trip-MSFT]").waitFor();

  assert.deepEqual(complaints, [], "the browser complained");
  console.log("ok");
});
