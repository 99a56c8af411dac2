<?xml version="1.0" encoding="UTF-8"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:oasis:names:tc:emergency:cap:1.2" exclude-result-prefixes="c">
<xsl:output method="html" encoding="UTF-8" doctype-system="about:legacy-compat"/>
<xsl:template match="/c:alert">
<html lang="en">
<head><meta name="viewport" content="width=device-width, initial-scale=1"/><meta name="color-scheme" content="light dark"/><title>CAP: <xsl:value-of select="c:info/c:headline"/></title><link rel="stylesheet" href="/site.css"/><link rel="icon" href="data:,"/></head>
<body>
<header><p class="agency"><a href="/"><xsl:value-of select="c:info/c:senderName"/></a></p></header>
<main>
<xsl:apply-templates select="c:info"/>
<h2>Message</h2>
<dl><xsl:apply-templates select="c:identifier|c:sender|c:sent|c:status|c:msgType|c:scope|c:note|c:references" mode="fact"/></dl>
</main>
<footer><p>A file of the Common Alerting Protocol 1.2, for machines. <a href="/">What holds now</a></p></footer>
</body>
</html>
</xsl:template>
<xsl:template match="c:info">
<article class="card"><div class="inside" lang="{c:language}" dir="auto">
<h1><xsl:value-of select="c:headline"/></h1>
<xsl:if test="c:instruction"><p class="pre"><strong><xsl:value-of select="c:instruction"/></strong></p></xsl:if>
<xsl:if test="c:description"><p class="pre"><xsl:value-of select="c:description"/></p></xsl:if>
<xsl:for-each select="c:area"><p><xsl:value-of select="c:areaDesc"/></p></xsl:for-each>
<dl lang="en" dir="ltr"><xsl:apply-templates select="c:language|c:category|c:event|c:responseType|c:urgency|c:severity|c:certainty|c:effective|c:onset|c:expires|c:senderName|c:contact" mode="fact"/></dl>
<xsl:if test="starts-with(c:web, 'http')"><p><a href="{c:web}"><xsl:value-of select="c:web"/></a></p></xsl:if>
</div></article>
</xsl:template>
<xsl:template match="*" mode="fact"><div><dt><xsl:value-of select="local-name()"/></dt><dd><xsl:value-of select="."/></dd></div></xsl:template>
</xsl:stylesheet>
