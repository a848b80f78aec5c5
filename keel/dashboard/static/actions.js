// What a person does: the server prepares and tries, an account of the node or a wallet sends.
import { Wallet, WalletRefusal } from "./wallet.js";

const KINDS = {
  deposit: ["Deposit", "ETH", "You get kETH at the current rate. Its amount grows with each report."],
  wrap: ["Wrap", "kETH", "You get wkETH. Its amount is fixed, its price grows."],
  unwrap: ["Unwrap", "wkETH", "You get kETH back."],
  request: ["Request", "kETH", "You get a ticket for the same amount of ether, which the queue pays. Only losses can reduce it."],
  redeem: ["Redeem", "kETH", "You get ether at once. The fee rises as free ether falls."],
};
const HELD = { deposit: "ETH", wrap: "kETH", unwrap: "wkETH", request: "kETH", redeem: "kETH" };
const POLL_MS = 1000;

const token = document.querySelector('meta[name="keel-token"]').content;
const chainId = Number(document.querySelector('meta[name="keel-chain"]').content);
const form = document.getElementById("action");
const account = document.getElementById("account");
const amount = document.getElementById("amount");
const outcome = document.getElementById("outcome");
const submit = document.getElementById("submit");
const holdings = document.getElementById("holdings");
const walletStatus = document.getElementById("wallet-status");
const switchButton = document.getElementById("switch");
const wallet = new Wallet(chainId);
let busy = false;
let turn = 0;

const kind = () => form.elements.kind.value;

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Keel-Token": token },
    body: JSON.stringify(body),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.message);
  return found;
}

function say(level, text, hash = null) {
  outcome.className = `outcome is-${level}`;
  outcome.dataset.level = level;
  outcome.replaceChildren(text);
  if (hash !== null) {
    const shown = document.createElement("a");
    shown.className = "hash";
    shown.href = `/tx/${hash}`;
    shown.textContent = hash;
    outcome.append(shown);
  }
}

async function follow(summary, hash) {
  const began = Date.now();
  turn += 1;
  const own = turn; // a later transaction takes the place of this one's news
  for (;;) {
    let found;
    try {
      found = await (await fetch(`/transactions/${hash}`)).json();
    } catch {
      found = { status: "pending", text: "the page's server does not answer" };
    }
    if (own !== turn) return;
    const seconds = Math.round((Date.now() - began) / 1000);
    if (found.status === "mined") return say("good", `${summary}: ${found.text}.`, hash);
    if (found.status === "failed") return say("bad", `${summary}: ${found.text}.`, hash);
    say("waiting", `${summary}: sent ${seconds} s ago, ${found.text ?? found.message}.`, hash);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function act(wish) {
  if (busy) return;
  busy = true;
  submit.disabled = true;
  try {
    say("waiting", "Trying it on the chain…");
    const isWallet = wallet.has(wish.account);
    if (isWallet) await wallet.requireChain();
    const prepared = isWallet ? await post("/prepare", wish) : await post("/send", wish);
    if (isWallet) say("waiting", `${prepared.summary}: confirm it in the wallet.`);
    const hash = isWallet ? await wallet.send(prepared) : prepared.hash;
    say("waiting", `${prepared.summary}: sent.`, hash);
    submit.disabled = false;
    busy = false;
    await follow(prepared.summary, hash);
    await showHoldings();
  } catch (error) {
    say("bad", error.message);
    if (error instanceof WalletRefusal && error.isWrongChain) switchButton.hidden = false;
  } finally {
    busy = false;
    submit.disabled = false;
  }
}

async function showHoldings() {
  if (account.value === "") return;
  const wanted = account.value;
  try {
    const answer = await fetch(`/accounts/${wanted}`);
    if (!answer.ok || account.value !== wanted) return;
    const text = await answer.text();
    if (holdings.keelSource === text) return;
    const focused = document.activeElement?.dataset?.tickets;
    holdings.keelSource = text;
    const parsed = new DOMParser().parseFromString(text, "text/html");
    holdings.replaceChildren(...parsed.body.childNodes);
    if (focused) holdings.querySelector(`[data-tickets="${focused}"]`)?.focus();
  } catch {
    // The page says already that its server is away.
  }
}

function showKind() {
  const [verb, unit, help] = KINDS[kind()];
  submit.textContent = verb;
  document.getElementById("amount-unit").textContent = unit;
  document.getElementById("kind-help").textContent = help;
  document.getElementById("most").hidden = kind() === "deposit";
}

async function connect() {
  try {
    const addresses = await wallet.connect();
    for (const option of [...account.options]) {
      if (option.dataset.wallet !== undefined || option.value === "") option.remove();
    }
    for (const address of [...addresses].reverse()) {
      const option = new Option(`wallet ${address.slice(0, 6)}…${address.slice(-4)}`, address);
      option.dataset.wallet = "";
      account.prepend(option);
    }
    account.value = addresses[0];
    await showWallet();
    await showHoldings();
  } catch (error) {
    walletStatus.textContent = error.message;
  }
}

async function watch(button) {
  const { address, symbol, decimals } = button.dataset;
  const said = document.getElementById("watched");
  try {
    await wallet.requireChain();
    const taken = await wallet.watch(address, symbol, Number(decimals));
    said.textContent = taken ? `The wallet shows ${symbol}.` : `The wallet does not show ${symbol}.`;
  } catch (error) {
    said.textContent = error.message;
  }
}

async function showWallet() {
  const there = await wallet.chainId();
  switchButton.hidden = there === chainId;
  walletStatus.textContent = there === chainId
    ? "connected"
    : `the wallet is on chain ${there}, Keel on chain ${chainId}`;
}

async function switchChain() {
  try {
    await wallet.switchChain();
    await showWallet();
    if (switchButton.hidden) say("good", `The wallet is on chain ${chainId} now.`);
  } catch (error) {
    walletStatus.textContent = error.message;
  }
}

export function startActions() {
  form.addEventListener("change", showKind);
  account.addEventListener("change", showHoldings);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (account.value === "") say("bad", "Connect a wallet first.");
    else act({ account: account.value, kind: kind(), amount: amount.value });
  });
  document.getElementById("most").addEventListener("click", () => {
    const held = holdings.querySelector(`[data-name="held.${HELD[kind()]}"] .exact`);
    if (held !== null) amount.value = held.textContent.replaceAll(",", "");
  });
  holdings.addEventListener("click", (event) => {
    const tickets = event.target.closest("[data-tickets]")?.dataset.tickets;
    if (tickets) act({ account: account.value, kind: "claim", tickets: tickets.split(" ").map(Number) });
  });
  for (const button of document.querySelectorAll(".watch")) {
    button.addEventListener("click", () => watch(button));
  }
  document.addEventListener("keel:changed", showHoldings);
  document.getElementById("connect").addEventListener("click", connect);
  switchButton.addEventListener("click", switchChain);
  wallet.onChange(() => showWallet().catch(() => {}), connect);
  showKind();
  showHoldings();
}
