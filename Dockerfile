# The worker, and the command line beside it. docker build -t lynqflow:0.1.0 .
# test/install/image.test.ts carries out these steps without Docker and runs the worker from what they give.
FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Keeps to the versions and checksums of the lock file, as npm ci does, which would also insist on builds for other platforms.
RUN npm install --no-save --no-audit --no-fund
COPY . .
RUN npm run build
RUN npm prune --no-save --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY --from=build /src/bin ./bin
ENV NODE_ENV=production
# Nothing is written but below /tmp: the root file system may be read-only.
USER 65532:65532
EXPOSE 8081 8443 9443
ENTRYPOINT ["node", "bin/lynq-worker.mjs"]
