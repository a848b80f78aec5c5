// A browser wallet by EIP-1193, its errors in words.
const REJECTED = 4001;
const UNKNOWN_CHAIN = 4902;
const PENDING = -32002;

export class WalletRefusal extends Error {
  constructor(message, isWrongChain = false) {
    super(message);
    this.isWrongChain = isWrongChain;
  }
}

function explained(error) {
  if (error?.code === REJECTED) return new WalletRefusal("You declined in the wallet; nothing was sent.");
  if (error?.code === PENDING) return new WalletRefusal("The wallet is already asking you: open it.");
  return new WalletRefusal(`The wallet says: ${error?.message ?? error}`);
}

export class Wallet {
  constructor(chainId) {
    this.wanted = chainId;
    this.addresses = new Set();
  }

  has(address) {
    return this.addresses.has(address.toLowerCase());
  }

  async connect() {
    const found = await this.#ask("eth_requestAccounts");
    if (found.length === 0) throw new WalletRefusal("The wallet gave no account.");
    this.addresses = new Set(found.map((address) => address.toLowerCase()));
    return found;
  }

  async chainId() {
    return Number(await this.#ask("eth_chainId"));
  }

  async requireChain() {
    const there = await this.chainId();
    if (there !== this.wanted) {
      const text = `The wallet is on chain ${there}, Keel on chain ${this.wanted}: switch it first.`;
      throw new WalletRefusal(text, true);
    }
  }

  async switchChain() {
    try {
      const chainId = `0x${this.wanted.toString(16)}`;
      await window.ethereum.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
    } catch (error) {
      if (error?.code !== UNKNOWN_CHAIN) throw explained(error);
      throw new WalletRefusal(`The wallet does not know chain ${this.wanted}: add it there, with this node's address.`);
    }
  }

  async send(prepared) {
    const { sender, to, data, value } = prepared;
    return this.#ask("eth_sendTransaction", [{ from: sender, to, data, value }]);
  }

  // EIP-747: the wallet asks its owner whether to show a token; it may answer false.
  async watch(address, symbol, decimals) {
    const params = { type: "ERC20", options: { address, symbol, decimals } };
    return this.#ask("wallet_watchAsset", params);
  }

  onChange(chainChanged, accountsChanged) {
    window.ethereum?.on?.("chainChanged", chainChanged);
    window.ethereum?.on?.("accountsChanged", () => this.addresses.size > 0 && accountsChanged());
  }

  async #ask(method, params = []) {
    if (window.ethereum === undefined) {
      throw new WalletRefusal("This browser has no wallet (EIP-1193).");
    }
    try {
      return await window.ethereum.request({ method, params });
    } catch (error) {
      throw explained(error);
    }
  }
}
