// Lets @chainsafe/bls-keystore answer for one request: a line of JSON on stdin, one on stdout.
const { Keystore } = require("@chainsafe/bls-keystore");

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (array) => Buffer.from(array).toString("hex");

const actions = {
  async create({ password, secret, pubkey, path }) {
    const keystore = await Keystore.create(password, bytes(secret), bytes(pubkey), path);
    return keystore.toObject();
  },
  async decrypt({ password, keystore }) {
    return hex(await Keystore.fromObject(keystore).decrypt(password));
  },
};

async function main() {
  const request = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  try {
    return { answer: await actions[request.action](request) };
  } catch (error) {
    return { error: error.message };
  }
}

main().then((reply) => process.stdout.write(JSON.stringify(reply)));
