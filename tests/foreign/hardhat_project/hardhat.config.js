// The compiler is never asked for: the project has no Solidity, its ABIs come with the chain.
module.exports = {
  solidity: "0.8.37",
  defaultNetwork: "keel",
  networks: { keel: { url: process.env.CHAIN } },
};
