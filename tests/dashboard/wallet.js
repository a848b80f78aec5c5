// A wallet as EIP-1193 has it: `keelNode` asks the test, which forwards to the node.
window.wallet = { chain: null, refuses: false, knows: true, asked: [] };
window.ethereum = {
  on() {},
  async request({ method, params = [] }) {
    window.wallet.asked.push(method);
    const fail = (code, message) => Object.assign(new Error(message), { code });
    if (window.wallet.refuses && ["eth_requestAccounts", "eth_sendTransaction"].includes(method)) {
      throw fail(4001, "User rejected the request.");
    }
    if (method === "eth_chainId" && window.wallet.chain !== null) return window.wallet.chain;
    if (method === "wallet_switchEthereumChain") {
      if (!window.wallet.knows) throw fail(4902, "Unrecognized chain ID");
      window.wallet.chain = params[0].chainId;
      return null;
    }
    return window.keelNode(method, params);
  },
};
